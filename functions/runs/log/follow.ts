import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { HEARTBEAT_MS, held } from "../../../shared/http/heartbeat.ts";
import type { ServerSentEvent } from "../../../shared/http/operation.ts";
import type { RunReads } from "../deps.ts";
import { isLast, isLive } from "../model.ts";
import type { operations } from "../operations.ts";
import { runLogItem, runStateItem } from "../store.ts";
import { afterSequence } from "./views.ts";

/** How long one stream is held; below the function's time limit. A client then resumes where it was. */
const HELD_MS = 14 * 60_000;
/** Between two looks at the log: short while something happens, longer while nothing does. */
const LOOK_MS = { least: 150, most: 1_000 } as const;
const PAGE = 100;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The log of a run, entry by entry as it is written, up to the run's end. */
async function* follow(table: TenantTable, run_id: string, after: number): AsyncGenerator<ServerSentEvent> {
  const until = Date.now() + HELD_MS;
  let last = after;
  let look: number = LOOK_MS.least;
  let beat = Date.now() + HEARTBEAT_MS;
  while (Date.now() < until) {
    const { items } = await table.page(runLogItem, { ...afterSequence(run_id, last), limit: PAGE });
    for (const entry of items) {
      yield { id: String(entry.sequence), event: entry.type, data: entry };
      if (isLast(entry.type)) return;
      last = entry.sequence;
    }
    if (items.length > 0) {
      look = LOOK_MS.least;
      beat = Date.now() + HEARTBEAT_MS;
      if (items.length === PAGE) continue;
    } else if (Date.now() >= beat) {
      if ((await table.get(runStateItem, { run_id })) === undefined) return;
      beat = Date.now() + HEARTBEAT_MS;
    }
    await pause(look);
    look = Math.min(look * 1.3, LOOK_MS.most);
  }
}

export const events: Handler<(typeof operations)["events"], Pick<RunReads, "table">> = async (call, deps) => {
  const table = deps.table.of(call.context.tenant);
  const { state } = await call.load();
  const after = Math.max(call.query.after, Number(/^\d{1,12}$/.exec(call.last_event_id ?? "")?.[0] ?? 0));
  // Whoever has seen the end gets an empty stream, not one that waits for more.
  return !isLive(state.status) && after >= state.sequence
    ? nothing()
    : held(call, () => follow(table, call.path.run_id, after));
};

async function* nothing(): AsyncGenerator<ServerSentEvent> {}
