import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { RunControl } from "../deps.ts";
import { runStepItem } from "../store.ts";

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
