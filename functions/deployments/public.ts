/** What other rooms may use of deployments. */
export { deploymentResource } from "./resources.ts";
export { deploymentItem } from "./store.ts";
