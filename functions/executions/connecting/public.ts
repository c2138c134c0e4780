/** What functions of other rooms that run agents are built with. */
export { connectAgentRuns, type ExecuteDeps } from "../deps.ts";
