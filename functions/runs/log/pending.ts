import { unavailable } from "../../../shared/dynamo/retry.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import { isLive } from "../model.ts";
import { type RunPending, type RunState, runPendingItem, runStateItem } from "../store.ts";
import { logWrite, moved, Overtaken, stateWrite, summed, sums } from "./entries.ts";

/*
 * Branches that finish at the same moment meet on the run's state, and if each insisted on its own turn, n of them would
 * cost n² attempts. So a commit that is overtaken leaves the state out: it writes its step together with a pending
 * entry of the log. Whoever owns the oldest one gives the numbers to all that are pending, in one transaction; the
 * others wait a moment and find that theirs have been given.
 */

/** A transaction takes 100 items: the state, and for each entry its place in the log and its removal from here. */
const GROUP = 40;
const TRIES = 60;
const PAUSE_MS = { least: 10, spread: 30 } as const;
/** Whoever has waited this often gives the numbers: the owner of the oldest entry may have died. */
const PATIENCE = 12;

/** Somebody else has given the entry its number. */
class Gone extends Problem {
  constructor() {
    super("conflict", "This entry has its number.");
  }
}

/**
 * Gives pending entries of a run their numbers and adds up what they add: until those named have theirs, or until none
 * is left. Entries of a run that is over are counted and not told any more.
 * @returns the state afterwards; undefined for a run that was deleted
 */
export async function number(
  table: TenantTable,
  run_id: string,
  own?: ReadonlySet<string>,
): Promise<RunState | undefined> {
  for (let attempt = 1; ; attempt++) {
    const [page, state] = await Promise.all([
      table.page(runPendingItem, { of: { run_id }, limit: GROUP }),
      table.get(runStateItem, { run_id }),
    ]);
    const { items, next_cursor } = page;
    const [oldest] = items;
    const waits = next_cursor !== null || own === undefined || items.some(({ id }) => own.has(id));
    if (state === undefined || oldest === undefined || !waits) return state;
    if (own !== undefined && !own.has(oldest.id) && attempt < PATIENCE) {
      await pause();
      continue;
    }
    try {
      await table.transact(isLive(state.status) ? numbered(table, state, items) : counted(table, state, items));
      if (next_cursor === null) {
        const add = summed(items.map((item) => item.add));
        return moved(state, isLive(state.status) ? items.length : 0, add);
      }
    } catch (error) {
      if (!(error instanceof Overtaken || error instanceof Gone)) throw error;
      if (attempt >= TRIES) throw unavailable(error);
      await pause();
    }
  }
}

const pause = (): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, PAUSE_MS.least + Math.random() * PAUSE_MS.spread));

const removals = (table: TenantTable, items: readonly RunPending[]): Write[] =>
  items.map(({ run_id, id }) =>
    table.writes.remove(runPendingItem, { run_id, id }, { exists: true }, () => new Gone()),
  );

const numbered = (table: TenantTable, state: RunState, items: readonly RunPending[]): Write[] => [
  stateWrite(table, state, { entries: items.length, add: summed(items.map(({ add }) => add)) }),
  ...items.map(({ entry }, i) => logWrite(table, state, state.sequence + 1 + i, entry)),
  ...removals(table, items),
];

const counted = (table: TenantTable, state: RunState, items: readonly RunPending[]): Write[] => [
  addWrite(table, state.run_id, summed(items.map(({ add }) => add))),
  ...removals(table, items),
];

/** Adds to the sums of a run whatever its state; `not_found` for one that was deleted. */
export function addWrite(table: TenantTable, run_id: string, add: Parameters<typeof sums>[0]): Write {
  const some = sums(add);
  return Object.keys(some).length === 0
    ? table.writes.check(runStateItem, { run_id }, { exists: true }, () => notFound())
    : table.writes.update(runStateItem, { run_id }, { add: some as Record<string, number> });
}
