import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { isLive } from "../model.ts";
import type { RunState, StoredRun } from "../store.ts";
import { LAST_POSITION, type QueueView, type WaitingFor } from "./model.ts";
import { isFull } from "./rules/turns.ts";
import { runLaneItem, runQueueItem } from "./store.ts";
import { ownLimit } from "./target.ts";

/** Which one it is of those of its pipeline or agent that wait; {@link LAST_POSITION} for that one and all behind it. */
async function positionOf(table: TenantTable, { id, target_id }: Pick<StoredRun, "id" | "target_id">): Promise<number> {
  const { items } = await table.page(runQueueItem, { of: { target_id }, to: id, limit: LAST_POSITION });
  const before = items.filter(({ run_id }) => run_id < id).length;
  return Math.min(before + 1, LAST_POSITION);
}

/** Where a run stands that is about to wait. */
export const newPosition = async (
  table: TenantTable,
  run: Pick<StoredRun, "id" | "target_id">,
  waiting_for: WaitingFor,
): Promise<QueueView> => ({ position: await positionOf(table, run), waiting_for });

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
