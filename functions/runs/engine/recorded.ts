import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { commonLimits } from "../../pipelines/graph/public.ts";
import { runStepItem, type StoredRun } from "../store.ts";
import { outcomeOf } from "./records.ts";
import type { Outcome } from "./rules/outcome.ts";
import type { PlanNode } from "./rules/plan.ts";

/**
 * What the same work came to in the run whose outcomes this one takes over; undefined where it was not done, did not succeed,
 * or was other work. What people have approved counts in a retry only: they approved it for what the run went on to do.
 */
export async function recordedOutcome(
  table: TenantTable,
  blobs: Blobs,
  run: Pick<StoredRun, "recorded_run_id" | "retry_of_run_id">,
  { id, node }: PlanNode,
  work_key: string,
): Promise<Extract<Outcome, { status: "completed" }> | undefined> {
  const { recorded_run_id, retry_of_run_id } = run;
  if (recorded_run_id === null || (node?.kind === "approval" && retry_of_run_id === null)) return undefined;
  const attempts = await table.table.batch(
    Array.from({ length: commonLimits.max_attempts }, (_, i) =>
      table.read(runStepItem, { run_id: recorded_run_id, node_id: id, attempt: i + 1 }),
    ),
  );
  const done = attempts.findLast((attempt) => attempt?.status === "completed");
  if (done === undefined || done.work_key !== work_key || done.error !== null) return undefined;
  const outcome = await outcomeOf(done, blobs);
  return outcome.status === "completed" ? outcome : undefined;
}
