/** What the test panel uses of runs: so much and no more, since it reads all of it when it starts. */
export { runDeleted, runRemoval } from "../control/removing.ts";
export { type RunDeps, runDeps } from "../deps.ts";
export { stepOf } from "../log/views.ts";
export { findRuns } from "../search/find.ts";
export { begin } from "../start/begin.ts";
export { preparePipeline } from "../start/pipeline.ts";
export type { NewRun } from "../start/start.ts";
export { goesOn, loadedValue, readWholeRun, runStepItem, type WholeRun } from "../store.ts";
export { prepareAgentTest, type TestedAgent } from "./agent.ts";
export { type Trial, triedRun } from "./prepare.ts";
