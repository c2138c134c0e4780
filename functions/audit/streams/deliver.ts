import { addSeconds, type Clock } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Queue } from "../../../shared/events/queue.ts";
import { type Organization, organizationItem } from "../../../shared/identity/items.ts";
import type { Log } from "../../../shared/observability/log.ts";
import { treeItem } from "../tree/store.ts";
import type { SendDeps } from "./deps.ts";
import type { Stream, StreamPlace } from "./model.ts";
import { readPlaces } from "./read.ts";
import { claim, LEASE_SECONDS, move, recordFailure, release } from "./record.ts";
import { type Ended, run } from "./rules/run.ts";
import { senderOf } from "./send.ts";
import { placeItem, streamItem } from "./store.ts";

/** Look at this stream: a hint, which may come twice, late, or not at all. */
export interface StreamHint {
  readonly tenant: string;
  readonly stream_id: string;
}

export interface DeliverDeps extends SendDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly log: Log;
  readonly hints: Queue<StreamHint>;
  /** In [0, 1), for the jitter of retries. */
  readonly random: () => number;
  /** Begins a call's work; what it gives says whether there is time for more, or the rest is left to the next call. */
  readonly budget: () => () => boolean;
}

/** An active stream is looked at so often where nothing leads to it: a hint may be lost. */
const LOOK_SECONDS = 3_600;

/** One of an organization that is suspended is looked at again after this, should nobody tell that it is active again. */
const HELD_SECONDS = 6 * 3_600;

/**
 * Sends what a stream has still to send, for as long as there is time; the rest goes on with a message of its own, behind those of
 * others. One worker has a stream at a time. Whoever finds it taken leaves: the worker looks once more after it has let go, so what
 * was numbered before is seen by either.
 * @returns when to look again; undefined where there is nothing to look at any more
 */
export async function deliver({ tenant: id, stream_id }: StreamHint, deps: DeliverDeps): Promise<Date | undefined> {
  const { table, clock } = deps;
  const tenant = table.of(id);
  const more = deps.budget();
  for (;;) {
    const [stream, place, organization, tree] = await table.batch([
      tenant.read(streamItem, { id: stream_id }),
      tenant.read(placeItem, { stream_id }),
      tenant.read(organizationItem, {}),
      tenant.read(treeItem, {}),
    ]);
    const now = clock.now();
    if (stream?.status !== "active" || place === undefined || organization === undefined) return undefined;
    if (organization.status !== "active") return addSeconds(now, HELD_SECONDS);
    if (place.retry_at !== undefined && Date.parse(place.retry_at) > now.getTime()) return new Date(place.retry_at);
    const size = tree?.size ?? 0;
    if (place.next >= size) return addSeconds(now, LOOK_SECONDS);
    const claimed = await claim(tenant, stream, place, now);
    if (claimed === undefined) return addSeconds(now, LEASE_SECONDS);
    const ended = await work({ organization, stream, place: claimed, size }, more, deps);
    if (ended.again !== undefined) return ended.again;
    if (more()) continue;
    await deps.hints.send([{ tenant: id, stream_id }]);
    return addSeconds(clock.now(), LOOK_SECONDS);
  }
}

interface Claimed {
  readonly organization: Organization;
  readonly stream: Stream;
  readonly place: StreamPlace;
  readonly size: number;
}

/** Works at a stream that is this worker's. @returns when to look again, where this worker is not to look on at once */
async function work(
  { organization, stream, place, size }: Claimed,
  more: () => boolean,
  deps: DeliverDeps,
): Promise<{ readonly again: Date | undefined }> {
  const { clock, log } = deps;
  const tenant = deps.table.of(organization.id);
  const sender = await senderOf(stream, deps);
  let delivered = false;
  const ended: Ended =
    "send" in sender
      ? await run(place.next, size, sender.bounds, {
          read: (from, to) => readPlaces(tenant, stream.format, { from, to, now: clock.now() }),
          send: (entries) => sender.send(entries),
          move: (from, to, counts) => {
            const about = { organization_id: tenant.tenant, stream_id: stream.id };
            if (counts.missing > 0)
              log.error("audit_stream.missing", new Error(`${counts.missing} entries are not there`), {
                ...about,
                from,
                to,
              });
            delivered ||= counts.delivered > 0;
            return move(tenant, place, { from, to, counts }, clock.now());
          },
          more,
        })
      : { kind: "failed", next: place.next, failure: sender };
  const about = { organization_id: tenant.tenant, stream_id: stream.id, from: place.next, next: ended.next };
  if (ended.kind === "failed") {
    const { failure, next } = ended;
    const at = { now: clock.now(), random: deps.random() };
    const after = await recordFailure(tenant, { organization, stream, place, next, delivered, failure }, at);
    log.info("audit_stream.failed", { ...about, code: failure.code, status: failure.status, stopped: after?.stop });
    if (after?.stop !== undefined) return { again: undefined };
    return { again: after === undefined ? addSeconds(at.now, LEASE_SECONDS) : after.retry_at };
  }
  log.info("audit_stream.sent", { ...about, ended: ended.kind });
  if (ended.kind !== "lost") await release(tenant, place);
  return { again: undefined };
}
