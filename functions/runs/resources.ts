/** What operations of other rooms name of runs, without what starts and ends them: documents and gateways load it too. */
export { readWholeRun } from "./store.ts";
