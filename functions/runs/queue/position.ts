import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { isLive, type QueueView, type WaitingFor } from "../model.ts";
import type { RunState, StoredRun } from "../store.ts";
import { ownLimit } from "./admitting.ts";
import { isFull } from "./rules/turns.ts";
import { runLaneItem, runQueueItem } from "./store.ts";

/** How many runs of its pipeline or agent wait before it. */
async function before(table: TenantTable, { id, target_id }: Pick<StoredRun, "id" | "target_id">): Promise<number> {
  let count = 0;
  for await (const { run_id } of table.all(runQueueItem, { of: { target_id }, to: id })) if (run_id < id) count++;
  return count;
}

/** Where a run stands that is about to wait. */
export const newPosition = async (
  table: TenantTable,
  run: Pick<StoredRun, "id" | "target_id">,
  waiting_for: WaitingFor,
): Promise<QueueView> => ({ position: (await before(table, run)) + 1, waiting_for });

/** Where a run waits; null for one that does not. */
export async function queueOf(
  table: TenantTable,
  run: StoredRun,
  { status, place }: RunState,
): Promise<QueueView | null> {
  if (!isLive(status) || place !== "waiting") return null;
  const { target_id } = run;
  const [lane, limit] = await Promise.all([table.get(runLaneItem, { target_id }), ownLimit(table, target_id)]);
  return newPosition(table, run, isFull(lane ?? { running: 0 }, limit) ? "pipeline" : "organization");
}
