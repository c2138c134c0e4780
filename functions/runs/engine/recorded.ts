import { personBehind } from "../../../shared/access/caller.ts";
import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { approvalItem } from "../../approvals/public.ts";
import { commonLimits } from "../../pipelines/graph/public.ts";
import { type RunStep, runItem, runStepItem, type StoredRun } from "../store.ts";
import { outcomeOf } from "./records.ts";
import type { Outcome } from "./rules/outcome.ts";
import type { PlanNode } from "./rules/plan.ts";

/** So far back retries of retries are looked through. */
const MOST_RUNS = 10;

/** What has been taken over, and from which run. */
export interface Recorded {
  readonly run_id: string;
  readonly outcome: Extract<Outcome, { status: "completed" }>;
}

/**
 * What the same work came to in the run whose outcomes this one takes over, or in that from which that one took over; undefined
 * where it was not done, did not succeed, or was other work.
 */
export async function recordedOutcome(
  table: TenantTable,
  blobs: Blobs,
  run: Pick<StoredRun, "recorded_run_id" | "retry_of_run_id" | "started_by">,
  { id, node }: PlanNode,
  work_key: string,
): Promise<Recorded | undefined> {
  let run_id = run.recorded_run_id;
  for (let i = 0; run_id !== null && i < MOST_RUNS; i++) {
    const done = await completedIn(table, run_id, id);
    // What a test was made to meet is nobody's answer.
    if (done !== undefined && done.work_key === work_key && done.error === null && done.fault === null) {
      if (node?.kind === "approval" && !(await stillApproved(table, run, done))) return undefined;
      const outcome = await outcomeOf(done, blobs);
      return outcome.status === "completed" ? { run_id: done.recorded_run_id ?? run_id, outcome } : undefined;
    }
    const before: StoredRun | undefined = await table.get(runItem, { id: run_id });
    run_id = before?.recorded_run_id ?? null;
  }
  return undefined;
}

async function completedIn(table: TenantTable, run_id: string, node_id: string): Promise<RunStep | undefined> {
  const attempts = await table.table.batch(
    Array.from({ length: commonLimits.max_attempts }, (_, i) =>
      table.read(runStepItem, { run_id, node_id, attempt: i + 1 }),
    ),
  );
  return attempts.findLast((attempt) => attempt?.status === "completed");
}

/**
 * What people have approved counts in a retry only: they approved it for what the run went on to do. And it counts for nobody who
 * approved it themselves: whoever retries is who has started the new run.
 */
async function stillApproved(
  table: TenantTable,
  { retry_of_run_id, started_by }: Pick<StoredRun, "retry_of_run_id" | "started_by">,
  { approval_id }: RunStep,
): Promise<boolean> {
  if (retry_of_run_id === null || approval_id === null) return false;
  const approval = await table.get(approvalItem, { id: approval_id });
  if (approval?.status !== "approved") return false;
  const starter = personBehind(started_by);
  return approval.allow_self || !approval.decisions.some(({ user_id }) => user_id === starter);
}
