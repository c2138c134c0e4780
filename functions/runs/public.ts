import { timestamp } from "../../shared/clock.ts";
import type { Read, TenantTable } from "../../shared/dynamo/table.ts";
import { runCountItem } from "./store.ts";

/** What other rooms may use of runs. */
export { runDeleted, runRemoval } from "./control/removing.ts";
export { stopRun } from "./control/stopping.ts";
export { type RunControl, type RunDeps, type RunReads, runDeps, runReads } from "./deps.ts";
export { denialOf } from "./engine/rights.ts";
export { stepOf } from "./log/views.ts";
export { withPlace } from "./queue/places.ts";
export { newPosition } from "./queue/position.ts";
export { findRuns } from "./search/find.ts";
export { prepareAgent } from "./start/agent.ts";
export { begin } from "./start/begin.ts";
export { type Pins, pinAll } from "./start/pins.ts";
export { preparePipeline, type WantedRun } from "./start/pipeline.ts";
export { LARGEST_START, type NewRun, type Starter, startOf } from "./start/start.ts";
export {
  findRun,
  goesOn,
  type LoadedRun,
  loadedValue,
  loadJson,
  readWholeRun,
  runStateItem,
  runStepItem,
  type StoredRun,
  type WholeRun,
} from "./store.ts";

export { nameOf, spansOfRun } from "./tracing/spans.ts";

/** What is read to know how many runs were started this month; nothing is counted on a plan without a limit. */
export const readMonthRuns = (table: TenantTable, at: Date): Read<typeof runCountItem> =>
  table.read(runCountItem, { month: timestamp(at).slice(0, 7) });
