/** What other rooms may read of the audit log. */

/** What takes something of the audit log away for good is refused while a legal hold is active. */
export { requireUnheld } from "./holds/store.ts";
export { pageOfAll } from "./store.ts";
