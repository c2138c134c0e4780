import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { RunControl } from "../deps.ts";
import { endingContext } from "../log/entries.ts";
import { isLive } from "../model.ts";
import { findRun, runStepItem } from "../store.ts";
import { endRun } from "./ending.ts";

/**
 * Ends the executions of a run that wait for a retry. Nothing depends on it: one that is missed wakes up, finds the run
 * over and ends by itself. So a failure is only told to the operator.
 */
export async function endWaiting(
  table: TenantTable,
  run_id: string,
  { workflow, log }: Pick<RunControl, "workflow" | "log">,
): Promise<void> {
  try {
    for await (const { execution } of table.all(runStepItem, { index: "gsi1", of: { waiting_run_id: run_id } }))
      if (execution !== undefined) await workflow.stop(execution);
  } catch (error) {
    log.error("run.stop_incomplete", error, { run_id });
  }
}

/**
 * Stops a run of whoever started it; one that is over, or gone, stays so.
 * @param by what stops it, as the audit trail names it
 */
export async function stopRun(table: TenantTable, run_id: string, by: string, deps: RunControl): Promise<void> {
  const found = await findRun(table, run_id);
  if (found === undefined || !isLive(found.state.status)) return;
  const { run } = found;
  await endRun(table, endingContext(table, run, by, deps.clock.now()), run, { status: "stopped" });
  await endWaiting(table, run_id, deps);
}
