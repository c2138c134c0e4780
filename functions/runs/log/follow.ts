import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { HEARTBEAT_MS, held } from "../../../shared/http/heartbeat.ts";
import type { ServerSentEvent } from "../../../shared/http/operation.ts";
import { leased, takeLease } from "../../../shared/limits/leases.ts";
import { STREAM_HELD_SECONDS, STREAM_TIMEOUT_SECONDS } from "../../../shared/room.ts";
import type { RunControl, RunReads } from "../deps.ts";
import { isLast, isLive } from "../model.ts";
import type { operations } from "../operations.ts";
import { runLogItem, runStateItem } from "../store.ts";
import { afterSequence } from "./views.ts";

/** Between two looks at the log: short while something happens, longer while nothing does. */
const LOOK_MS = { least: 150, most: 1_000 } as const;
/** After which a client that lost its stream comes again. */
const RETRY_MS = 1_000;
const PAGE = 100;

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/**
 * The log of a run, entry by entry as it is written, up to the run's end. A run that goes on for longer than a stream
 * is held is left with the event `reconnect`, which carries the id to go on from: the client comes again by itself.
 */
export async function* follow(
  table: TenantTable,
  run_id: string,
  after: number,
  held_ms = STREAM_HELD_SECONDS * 1_000,
): AsyncGenerator<ServerSentEvent> {
  const until = Date.now() + held_ms;
  let last = after;
  let look: number = LOOK_MS.least;
  let beat = Date.now() + HEARTBEAT_MS;
  while (Date.now() < until) {
    const { items } = await table.page(runLogItem, { ...afterSequence(run_id, last), limit: PAGE });
    for (const { expires_at: _, ...entry } of items) {
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
    await pause(Math.min(look, Math.max(0, until - Date.now())));
    look = Math.min(look * 1.3, LOOK_MS.most);
  }
  yield { id: String(last), retry: RETRY_MS, event: "reconnect", data: { after: last } };
}

type FollowDeps = Pick<RunReads, "table"> & Pick<RunControl, "clock" | "log">;

export const events: Handler<(typeof operations)["events"], FollowDeps> = async (call, { table, clock, log }) => {
  const own = table.of(call.context.tenant);
  const { state } = await call.load();
  const after = Math.max(call.query.after, Number(/^\d{1,12}$/.exec(call.last_event_id ?? "")?.[0] ?? 0));
  // Whoever has seen the end is told not to come again.
  if (!isLive(state.status) && after >= state.sequence) return null;
  const { plan } = call.caller.organization;
  const lease = await takeLease(own, plan, "streams", STREAM_TIMEOUT_SECONDS, () => clock.now());
  return leased(
    lease,
    held(call, () => follow(own, call.path.run_id, after)),
    log,
  );
};
