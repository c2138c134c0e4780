/** What other rooms may use of deployments. */
export { deploymentResource } from "./resources.ts";
export type { AgentBundle } from "./rules/bundle.ts";
export { deploymentItem } from "./store.ts";
