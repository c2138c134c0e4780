/** What other rooms may use of directories. */
export { directoryReads, givesRole } from "./groups/precedence.ts";
export { directoryGives } from "./settings/gives.ts";
