/** What other rooms may read of the audit log. */
export { pageOfAll } from "./store.ts";
