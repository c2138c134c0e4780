import { changedFields, draft } from "../../../shared/change/events.ts";
import { given, requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { invalid } from "../../../shared/http/parse.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { giveQuota, takeQuota } from "../../../shared/limits/quota.ts";
import { secretBytes, webhookSecret } from "../../../shared/signing/standard-webhooks.ts";
import { treeItem } from "../tree/store.ts";
import type { StreamDeps } from "./deps.ts";
import { leadsTo } from "./destination.ts";
import { auditStreamEvents } from "./events.ts";
import { liveSigning, MOST_SIGNING, type Stream, type StreamPlace, streamStates, viewOf } from "./model.ts";
import type { auditStreamOperations } from "./operations.ts";
import { marked, TEST_ACTION } from "./rules/shape.ts";
import { senderOf } from "./send.ts";
import { placeItem, secretContext, streamDue, streamItem } from "./store.ts";

type Ops = typeof auditStreamOperations;

/** What every event of a stream says of it. */
const about = ({ id, name, destination }: Stream) => ({ stream_id: id, name, kind: destination.kind });
const ref = ({ id, name }: Stream) => ({ id, name });

export const listStreams: Handler<Ops["listStreams"], StreamDeps> = async (call, { table }) => {
  const tenant = table.of(call.context.tenant);
  const { items, next_cursor } = await tenant.page(streamItem, { of: {}, ...call.query });
  const [tree, ...places] = await table.batch([
    tenant.read(treeItem, {}),
    ...items.map(({ id }) => tenant.read(placeItem, { stream_id: id })),
  ]);
  const size = tree?.size ?? 0;
  const views = items.flatMap((stream, i) => {
    const place = places[i];
    return place === undefined ? [] : [viewOf(call, stream, place, size, call.at)];
  });
  return { items: views, next_cursor };
};

export const getStream: Handler<Ops["getStream"], StreamDeps> = async (call) => {
  const { stream, place, size } = await call.load();
  return viewOf(call, stream, place, size, call.at);
};

export const createStream: Handler<Ops["createStream"], StreamDeps> = async (call, deps) => {
  const { context, caller, body, at } = call;
  const { tenant: organization_id } = context;
  const tenant = deps.table.of(organization_id);
  const now = timestamp(at);
  const id = newId("audit_stream", at);
  const leads = await leadsTo(body.destination, { tenant: organization_id, stream_id: id }, deps);
  const made = body.destination.kind === "https" ? await newSecret(deps, organization_id, id) : undefined;
  const size = (await tenant.get(treeItem, {}))?.size ?? 0;
  const etag = newEtag(at);
  const stream: Stream = {
    id,
    organization_id,
    name: body.name,
    description: body.description,
    ...leads,
    format: body.format,
    status: "active",
    stopped_reason: null,
    stopped_at: null,
    signing: made === undefined ? [] : [{ sealed: made.sealed, created_at: now, expires_at: null }],
    created_by: context.actor.id,
    created_at: now,
    updated_at: now,
    etag,
    epoch: etag,
  };
  const from = startOf(body.from, size);
  const place: StreamPlace = {
    stream_id: id,
    epoch: etag,
    next: from,
    delivered: 0,
    expired: 0,
    missing: 0,
    consecutive_failures: 0,
  };
  return call.commit(
    {
      writes: [
        takeQuota(tenant, caller.organization.plan, "audit_streams"),
        tenant.writes.create(streamItem, stream),
        tenant.writes.create(placeItem, place),
        streamDue.set(tenant, id, at),
      ],
      events: [draft(auditStreamEvents, "audit_stream.created", ref(stream), { ...about(stream), from })],
    },
    { ...viewOf(call, stream, place, size, at), signing_secret: made?.secret ?? null },
  );
};

/** The number at which a stream begins. @throws Problem `validation_failed` (422) for one that the log has not reached */
function startOf(from: number | "now", size: number): number {
  if (from === "now") return size;
  if (from > size) throw invalid([{ path: "from", message: `is more than the ${size} entries that have a number` }]);
  return from;
}

export const updateStream: Handler<Ops["updateStream"], StreamDeps> = (call, deps) =>
  updateWithRetry(call.if_match, async (how) => {
    const { context, body, at } = call;
    const tenant = deps.table.of(context.tenant);
    const { stream, place, size } = await call.load(how);
    requireMatch(call.if_match, stream.etag);
    const { destination, ...plain } = body;
    const of = { tenant: context.tenant, stream_id: stream.id, before: stream };
    const leads = destination === undefined ? undefined : await leadsTo(destination, of, deps);
    const moved = leads !== undefined;
    const etag = newEtag(at);
    const epoch = moved ? etag : stream.epoch;
    const next: Stream = { ...stream, ...given(plain), ...leads, updated_at: timestamp(at), etag, epoch };
    // An address may hold a token: the audit trail says that it changed, not to what.
    const changes = changedFields(stream, next, { conceal: ["destination", "credential"] });
    return call.commit(
      {
        writes: [
          tenant.writes.replace(streamItem, next, stream.etag),
          ...(moved ? [freshPlace(tenant, next)] : []),
          ...(moved && next.status === "active" ? [streamDue.set(tenant, stream.id, at)] : []),
        ],
        events: [
          draft(
            auditStreamEvents,
            "audit_stream.updated",
            ref(next),
            { ...about(next), changed_fields: changes.map(({ field }) => field) },
            { changes },
          ),
        ],
      },
      viewOf(call, next, moved ? forgotten(place) : place, size, at),
    );
  });

/** What a worker may still be at is sent again; failures so far are forgotten. */
const FORGOTTEN = ["lease_id", "lease_until", "failing_since", "refused_since", "retry_at"] as const;

const freshPlace = (tenant: TenantTable, { id, epoch }: Stream, set: Partial<StreamPlace> = {}): Write =>
  tenant.writes.update(
    placeItem,
    { stream_id: id },
    { set: { ...set, epoch, consecutive_failures: 0 }, remove: FORGOTTEN },
    { exists: true },
  );

function forgotten(place: StreamPlace): StreamPlace {
  const { lease_id: _, lease_until: _u, failing_since: _f, refused_since: _r, retry_at: _t, ...kept } = place;
  return { ...kept, consecutive_failures: 0 };
}

export const removeStream: Handler<Ops["removeStream"], StreamDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const tenant = table.of(call.context.tenant);
    const { stream } = await call.load(how);
    requireMatch(call.if_match, stream.etag);
    const { id, etag } = stream;
    return call.commit(
      {
        writes: [
          tenant.writes.remove(streamItem, { id }, { equals: { etag } }, (old) =>
            old === undefined ? notFound() : lostRace(),
          ),
          tenant.writes.remove(placeItem, { stream_id: id }, {}),
          streamDue.clear(tenant, id),
          giveQuota(tenant, "audit_streams"),
        ],
        events: [draft(auditStreamEvents, "audit_stream.deleted", ref(stream), about(stream))],
      },
      undefined,
    );
  });

export const startStream: Handler<Ops["startStream"], StreamDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const { body, at } = call;
    const tenant = table.of(call.context.tenant);
    const { stream, place, size } = await call.load(how);
    requireMatch(call.if_match, stream.etag);
    if (stream.status === "active" && body.from === undefined)
      throw streamStates.refusal(stream.status, streamStates.from("active"));
    const from = body.from === undefined ? place.next : startOf(body.from, size);
    const etag = newEtag(at);
    const next: Stream = {
      ...stream,
      status: "active",
      stopped_reason: null,
      stopped_at: null,
      updated_at: timestamp(at),
      etag,
      epoch: etag,
    };
    const stood_at = place.next;
    const changes = changedFields(
      { status: stream.status, next_sequence: stood_at },
      { status: next.status, next_sequence: from },
    );
    return call.commit(
      {
        writes: [
          tenant.writes.replace(streamItem, next, stream.etag),
          freshPlace(tenant, next, body.from === undefined ? {} : { next: from }),
          streamDue.set(tenant, stream.id, at),
        ],
        events: [
          draft(auditStreamEvents, "audit_stream.started", ref(next), { ...about(next), from, stood_at }, { changes }),
        ],
      },
      viewOf(call, next, { ...forgotten(place), next: from }, size, at),
    );
  });

export const pauseStream: Handler<Ops["pauseStream"], StreamDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const { at } = call;
    const tenant = table.of(call.context.tenant);
    const { stream, place, size } = await call.load(how);
    requireMatch(call.if_match, stream.etag);
    if (!streamStates.allows(stream.status, "paused")) throw streamStates.refusal(stream.status, "paused");
    const etag = newEtag(at);
    const next: Stream = {
      ...stream,
      status: "paused",
      stopped_reason: null,
      stopped_at: null,
      updated_at: timestamp(at),
      etag,
      epoch: etag,
    };
    const changes = [{ field: "status", old: stream.status, new: next.status }];
    return call.commit(
      {
        writes: [
          tenant.writes.replace(streamItem, next, stream.etag),
          freshPlace(tenant, next),
          streamDue.clear(tenant, stream.id),
        ],
        events: [
          draft(
            auditStreamEvents,
            "audit_stream.paused",
            ref(next),
            { ...about(next), next_sequence: place.next },
            { changes },
          ),
        ],
      },
      viewOf(call, next, forgotten(place), size, at),
    );
  });

export const rotateStreamSecret: Handler<Ops["rotateStreamSecret"], StreamDeps> = async (call, deps) => {
  const { context, path, body, at } = call;
  const tenant = deps.table.of(context.tenant);
  const made = await newSecret(deps, context.tenant, path.audit_stream_id);
  return updateWithRetry(call.if_match, async (how) => {
    const { stream, place, size } = await call.load(how);
    requireMatch(call.if_match, stream.etag);
    if (stream.destination.kind !== "https")
      throw new Problem(
        "conflict",
        "Only requests to a collector of the kind https are signed; this stream has no secret.",
      );
    const expires_at = timestamp(addSeconds(at, body.overlap_seconds));
    const old = liveSigning(stream, at)
      .map((one) => ({ ...one, expires_at: one.expires_at ?? expires_at }))
      .filter((one) => one.expires_at > timestamp(at));
    if (old.length >= MOST_SIGNING)
      throw new Problem(
        "conflict",
        `${old.length} secrets sign at the moment. Wait until one of them ends, or rotate with a shorter overlap.`,
      );
    const signing = [{ sealed: made.sealed, created_at: timestamp(at), expires_at: null }, ...old];
    const next: Stream = { ...stream, signing, updated_at: timestamp(at), etag: newEtag(at) };
    const data = { ...about(next), old_secret_expires_at: expires_at };
    return call.commit(
      {
        writes: [tenant.writes.replace(streamItem, next, stream.etag)],
        events: [draft(auditStreamEvents, "audit_stream.secret_rotated", ref(next), data)],
      },
      { ...viewOf(call, next, place, size, at), signing_secret: made.secret },
    );
  });
};

export const testStream: Handler<Ops["testStream"], StreamDeps> = async (call, deps) => {
  const { stream } = await call.load();
  const { context, at } = call;
  const entry = marked(
    {
      id: newId("audit", at),
      organization_id: context.tenant,
      occurred_at: timestamp(at),
      actor: context.actor,
      action: TEST_ACTION,
      resource: { type: "audit_stream", ...ref(stream) },
      outcome: "succeeded",
      request: null,
      changes: [],
      reason: null,
    },
    stream.format,
  );
  const began = deps.clock.now().getTime();
  const sender = await senderOf(stream, deps);
  const sent =
    "send" in sender ? await sender.send([entry], `${stream.id}_test_${newEtag(at)}`) : { taken: 0, failure: sender };
  const { failure, status, answer } = sent;
  const ok = failure === undefined;
  const code = failure?.code ?? null;
  return call.commit(
    {
      writes: [],
      events: [draft(auditStreamEvents, "audit_stream.tested", ref(stream), { ...about(stream), ok, code })],
    },
    {
      ok,
      status: failure?.status ?? status ?? null,
      code,
      message: failure?.message ?? null,
      answer: failure?.answer ?? answer ?? null,
      duration_ms: deps.clock.now().getTime() - began,
    },
  );
};

/** A new signing secret, in clear for this one answer and sealed for the table. */
async function newSecret({ secrets, randomBytes }: StreamDeps, tenant: string, stream_id: string) {
  const secret = webhookSecret(randomBytes(secretBytes));
  return { secret, sealed: await secrets.encrypt(secret, secretContext(tenant, stream_id, "signing")) };
}
