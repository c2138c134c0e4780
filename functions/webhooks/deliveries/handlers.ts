import type { Caller } from "../../../shared/access/caller.ts";
import { draft, type Envelope } from "../../../shared/change/events.ts";
import { EVENT_DAYS, outboxItem } from "../../../shared/change/items.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { newId } from "../../../shared/ids.ts";
import { addDays, retentionOf } from "../../../shared/limits/retention.ts";
import type { WebhookDeps } from "../deps.ts";
import { webhookEvents } from "../events.ts";
import { deliveryStates, type Webhook, webhookStates } from "../model.ts";
import type { operations } from "../operations.ts";
import { attemptItem, deliveryItem, type Replay, replayItem, webhookItem } from "../store.ts";
import { deliveryWrites, newDelivery } from "./delivery.ts";

type Ops = typeof operations;

export const listDeliveries: Handler<Ops["listDeliveries"], WebhookDeps> = async (call, { table }) => {
  const { id: webhook_id } = await call.load();
  const { status, ...paging } = call.query;
  return table.of(call.context.tenant).page(deliveryItem, {
    ...paging,
    newest_first: true,
    ...(status === undefined ? { of: { webhook_id } } : { index: "gsi1" as const, of: { webhook_id, status } }),
  });
};

export const getDelivery: Handler<Ops["getDelivery"], WebhookDeps> = async (call, { table }) => {
  const tenant = table.of(call.context.tenant);
  const { delivery } = await call.load();
  const { id: delivery_id } = delivery;
  const [attempts, stored] = await Promise.all([
    tenant.page(attemptItem, { of: { delivery_id }, limit: 100 }),
    tenant.get(outboxItem, { day: delivery.event_day, id: delivery.event_id }),
  ]);
  return { ...delivery, attempts: attempts.items, event: delivery.payload ?? stored?.envelope ?? null };
};

/** The delivery carries its event: a test is no event of the product and goes to this webhook only. */
const keptDays = ({ caller }: { readonly caller: Caller }): number => retentionOf(caller.organization).delivery_days;

export const test: Handler<Ops["test"], WebhookDeps> = async (call, { table }) => {
  const { context, at } = call;
  const tenant = table.of(context.tenant);
  const webhook = await call.load();
  const { id, name } = webhook;
  const event: Envelope = {
    id: newId("event", at),
    type: "webhook.test",
    version: 1,
    organization_id: context.tenant,
    actor: context.actor,
    occurred_at: timestamp(at),
    trace_id: context.trace_id,
    data: { webhook_id: id, name },
  };
  const delivery = newDelivery({ webhook_id: id, event, at, kept_days: keptDays(call), test: true });
  return call.commit(
    {
      writes: [
        tenant.writes.check(webhookItem, { id }, { exists: true }, () => notFound()),
        ...deliveryWrites(tenant, delivery, at),
      ],
      events: [
        draft(webhookEvents, "webhook.test_sent", { id, name }, { webhook_id: id, name, delivery_id: delivery.id }),
      ],
    },
    delivery,
  );
};

export const replayDelivery: Handler<Ops["replayDelivery"], WebhookDeps> = async (call, { table }) => {
  const { context, path, at } = call;
  const tenant = table.of(context.tenant);
  const { webhook_id, delivery_id } = path;
  const { webhook, delivery: old } = await call.load();
  if (old.next_attempt_at !== null) throw deliveryStates.refusal(old.status, deliveryStates.ends);
  const event = old.payload ?? (await tenant.get(outboxItem, { day: old.event_day, id: old.event_id }))?.envelope;
  if (event === undefined)
    throw new Problem("conflict", `The event is no longer kept; events are for ${EVENT_DAYS} days.`);
  const delivery = newDelivery({
    webhook_id,
    event,
    at,
    kept_days: keptDays(call),
    test: old.test,
    replay_of: delivery_id,
  });
  const { name } = webhook;
  const data = { webhook_id, name, delivery_id: delivery.id, event_id: event.id, replay_of: delivery_id };
  return call.commit(
    {
      writes: [mustBeActive(tenant, webhook), ...deliveryWrites(tenant, delivery, at)],
      events: [draft(webhookEvents, "webhook.delivery_replayed", { id: webhook_id, name }, data)],
    },
    delivery,
  );
};

export const replay: Handler<Ops["replay"], WebhookDeps> = async (call, { table }) => {
  const { context, body, at } = call;
  const tenant = table.of(context.tenant);
  const webhook = await call.load();
  const { since, until } = range(body, at);
  const now = timestamp(at);
  const job: Replay = {
    id: newId("webhook_replay", at),
    webhook_id: webhook.id,
    since,
    until,
    status: "queued",
    events_read: 0,
    deliveries_created: 0,
    created_at: now,
    updated_at: now,
    completed_at: null,
    day: since.slice(0, 10),
    cursor: null,
    pages: 0,
    expires_at: timestamp(addDays(at, keptDays(call))),
  };
  const { id: webhook_id, name } = webhook;
  return call.commit(
    {
      writes: [mustBeActive(tenant, webhook), tenant.writes.create(replayItem, job)],
      events: [
        draft(
          webhookEvents,
          "webhook.replay_requested",
          { id: webhook_id, name },
          { webhook_id, name, replay_id: job.id, since, until },
        ),
      ],
    },
    job,
  );
};

export const getReplay: Handler<Ops["getReplay"], WebhookDeps> = (call) => call.load();

const mustBeActive = (tenant: TenantTable, { id }: Webhook): Write =>
  tenant.writes.check(webhookItem, { id }, { equals: { status: "active" } }, (old) =>
    old === undefined ? notFound() : webhookStates.refusal(old.status, ["active"]),
  );

/** The range in UTC, at most as long as events are kept, and not beyond now. */
function range(body: { since: string; until?: string | undefined }, at: Date): { since: string; until: string } {
  const since = timestamp(new Date(body.since));
  const until = body.until === undefined ? timestamp(at) : timestamp(new Date(body.until));
  const oldest = timestamp(addSeconds(at, -EVENT_DAYS * 86_400));
  const refuse = (path: string, message: string): Problem =>
    new Problem("validation_failed", `\`${path}\` ${message}.`, { issues: [{ path, message }] });
  if (since < oldest) throw refuse("since", `is more than ${EVENT_DAYS} days ago; older events are not kept`);
  if (until > timestamp(at)) throw refuse("until", "is in the future");
  if (since > until) throw refuse("since", "is after `until`");
  return { since, until };
}
