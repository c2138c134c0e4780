import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { endRun } from "../control/ending.ts";
import { endWaiting } from "../control/stopping.ts";
import type { RunControl } from "../deps.ts";
import { endingContext } from "../log/entries.ts";
import { isLive } from "../model.ts";
import { runItem, type StoredRun } from "../store.ts";

const parentEnded = {
  code: "parent_ended",
  message: "The run that it belongs to goes on without it, or has ended.",
} as const;

/** Ends runs that nobody waits for any more, and that still go on. */
export async function endChildren(
  table: TenantTable,
  children: readonly StoredRun[],
  { clock }: Pick<RunControl, "clock">,
): Promise<void> {
  for (const run of children) {
    if (!isLive(run.status)) continue;
    const context = endingContext(table, run, "parent_run", clock.now());
    await endRun(table, context, run, { status: "stopped", error: parentEnded });
  }
}

/** Ends all runs within a run; an index shows one that has just been started a moment late, which its next step finds out. */
export async function endWithin(
  table: TenantTable,
  run_id: string,
  deps: Pick<RunControl, "clock" | "workflow" | "log">,
): Promise<void> {
  // Those that still go on are the newest.
  const within = table.all(runItem, { index: "gsi4", of: { parent_run_id: run_id }, newest_first: true });
  for await (const run of within) {
    if (!isLive(run.status)) continue;
    await endChildren(table, [run], deps);
    await endWaiting(table, run.id, deps);
  }
}
