import { randomUUID } from "node:crypto";
import { eventWrites, systemContext } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { newEtag } from "../../../shared/ids.ts";
import { retentionOf } from "../../../shared/limits/retention.ts";
import { auditStreamEvents } from "./events.ts";
import { type Stream, type StreamPlace, streamStates } from "./model.ts";
import { type AfterFailure, afterFailure } from "./rules/retry.ts";
import type { Counts } from "./rules/run.ts";
import type { Failure } from "./rules/sent.ts";
import { placeItem, streamDue, streamItem } from "./store.ts";

/**
 * For so long a worker has a stream to itself from each move on: longer than a call to a destination takes, and short enough that it
 * is over when the message of a worker that died comes again.
 */
export const LEASE_SECONDS = 45;

/** Somebody else is at the stream, or has changed where it stands. */
class Lost extends Problem {
  constructor() {
    super("conflict", "The stream has gone on without this worker.");
  }
}

/**
 * Takes a stream for this worker alone, where it stands, if both are as they were read: who has failed meanwhile has said when it is
 * tried again, and a stream that was stopped, paused or led elsewhere is not sent as it was before.
 * @returns undefined when another one has it, or it has gone on
 */
export async function claim(
  tenant: TenantTable,
  { epoch }: Pick<Stream, "epoch">,
  place: StreamPlace,
  now: Date,
): Promise<StreamPlace | undefined> {
  const lease_id = randomUUID();
  const { stream_id, next, retry_at } = place;
  const unmoved = retry_at === undefined ? { absent: ["retry_at"] } : { equals: { retry_at } };
  let holder: StreamPlace | undefined;
  const write = tenant.writes.update(
    placeItem,
    { stream_id },
    { set: { lease_id, lease_until: timestamp(addSeconds(now, LEASE_SECONDS)) } },
    {
      equals: { next, epoch },
      all: [unmoved],
      any: [{ absent: ["lease_until"] }, { below: { lease_until: timestamp(now) } }],
    },
    (old) => {
      holder = old;
      return new Lost();
    },
  );
  try {
    return await tenant.apply(placeItem, { ...write, lost: "decide" });
  } catch (error) {
    if (!(error instanceof Lost)) throw error;
    // Our own claim, whose answer was lost, refuses the second one.
    return holder?.lease_id === lease_id ? holder : undefined;
  }
}

/** What ends with the first entry that is taken. */
const FAILING = ["failing_since", "refused_since", "retry_at"] as const;

/** Moves a stream on behind what was taken. @returns whether it was this worker's */
export async function move(
  tenant: TenantTable,
  { stream_id, lease_id }: StreamPlace,
  { from, to, counts }: { readonly from: number; readonly to: number; readonly counts: Counts },
  now: Date,
): Promise<boolean> {
  const { delivered } = counts;
  let holder: StreamPlace | undefined;
  const write = tenant.writes.update(
    placeItem,
    { stream_id },
    {
      set: {
        next: to,
        lease_until: timestamp(addSeconds(now, LEASE_SECONDS)),
        ...(delivered === 0 ? {} : { last_delivered_at: timestamp(now), consecutive_failures: 0 }),
      },
      add: { ...counts },
      ...(delivered === 0 ? {} : { remove: FAILING }),
    },
    { equals: { lease_id, next: from } },
    (old) => {
      holder = old;
      return new Lost();
    },
  );
  try {
    await tenant.apply(placeItem, { ...write, lost: "decide" });
    return true;
  } catch (error) {
    if (!(error instanceof Lost)) throw error;
    // Our own move, whose answer was lost, refuses the second one.
    return holder?.lease_id === lease_id && holder?.next === to;
  }
}

/** Lets others have the stream. */
export async function release(tenant: TenantTable, { stream_id, lease_id }: StreamPlace): Promise<void> {
  const freed = { remove: ["lease_id", "lease_until"] } as const;
  await orLost(
    tenant.transact([tenant.writes.update(placeItem, { stream_id }, freed, held(lease_id), () => new Lost())]),
  );
}

const held = (lease_id: string | undefined) => ({ equals: { lease_id } });

/** @returns whether it was this worker's to do */
async function orLost(work: Promise<unknown>): Promise<boolean> {
  try {
    await work;
    return true;
  } catch (error) {
    if (!(error instanceof Lost)) throw error;
    return false;
  }
}

export interface FailedRun {
  readonly organization: Organization;
  readonly stream: Stream;
  /** As it was claimed, or moved since. */
  readonly place: StreamPlace;
  /** Where it stands now. */
  readonly next: number;
  /** Something was taken in this run, which has ended the failures before it. */
  readonly delivered: boolean;
  readonly failure: Failure;
}

/**
 * Records why a destination has not taken the next entry, and when it is tried again; or stops the stream, which keeps its place,
 * with what tells of it.
 * @returns what follows; undefined where it was not this worker's to record any more
 */
export async function recordFailure(
  tenant: TenantTable,
  failed: FailedRun,
  { now, random }: { readonly now: Date; readonly random: number },
): Promise<AfterFailure | undefined> {
  const { stream, place, delivered, failure } = failed;
  const before = delivered ? { consecutive_failures: 0 } : place;
  const after = afterFailure(before, failure, { now, random });
  const stops = after.stop !== undefined;
  const etag = newEtag(now);
  const { refused_since, ...failing } = after.failing;
  const { code, message, status, answer } = failure;
  const recorded = tenant.writes.update(
    placeItem,
    { stream_id: stream.id },
    {
      set: {
        ...failing,
        ...(refused_since === undefined ? {} : { refused_since }),
        ...(stops ? { epoch: etag } : { retry_at: timestamp(after.retry_at) }),
        last_error: { at: timestamp(now), code, message, status, answer },
      },
      remove: [
        "lease_id",
        "lease_until",
        ...(refused_since === undefined ? (["refused_since"] as const) : []),
        ...(stops ? (["retry_at"] as const) : []),
      ],
    },
    held(place.lease_id),
    () => new Lost(),
  );
  const writes: Write[] = stops
    ? [recorded, ...stopWrites(tenant, failed, after.stop, now, etag)]
    : [recorded, streamDue.set(tenant, stream.id, after.retry_at)];
  return (await orLost(tenant.transact(writes))) ? after : undefined;
}

function stopWrites(
  tenant: TenantTable,
  { organization, stream, next, failure }: FailedRun,
  reason: NonNullable<AfterFailure["stop"]>,
  at: Date,
  etag: string,
): Write[] {
  const { id, name, destination } = stream;
  const now = timestamp(at);
  const { audit_days } = retentionOf(organization);
  const told = draft(
    auditStreamEvents,
    "audit_stream.stopped",
    { id, name },
    { stream_id: id, name, kind: destination.kind, reason, next_sequence: next, error_code: failure.code },
    { changes: [{ field: "status", old: "active", new: "stopped" }], reason },
  );
  return [
    tenant.writes.update(
      streamItem,
      { id },
      { set: { status: "stopped", stopped_reason: reason, stopped_at: now, updated_at: now, etag, epoch: etag } },
      { equals: { etag: stream.etag }, one_of: { status: streamStates.from("stopped") } },
      () => new Lost(),
    ),
    streamDue.clear(tenant, id),
    ...eventWrites(tenant.table, systemContext(tenant.tenant, streamDue.kind, at, audit_days), [told]),
  ];
}
