import * as z from "zod";
import { draft } from "../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../shared/change/update.ts";
import { lostRace } from "../../shared/dynamo/write.ts";
import { notFound } from "../../shared/errors.ts";
import type { Handler } from "../../shared/http/call.ts";
import type { Output } from "../../shared/http/operation.ts";
import { ownerWrites } from "../../shared/identity/owned.ts";
import { giveQuota } from "../../shared/limits/quota.ts";
import { eventDefinition, eventTypes } from "../events.ts";
import type { WebhookDeps } from "./deps.ts";
import { webhookEvents } from "./events.ts";
import { eventAliases, viewOf } from "./model.ts";
import type { operations } from "./operations.ts";
import { healthItem, subscriptionItem, webhookItem } from "./store.ts";

export { getDelivery, getReplay, listDeliveries, replay, replayDelivery, test } from "./deliveries/handlers.ts";
export { create, rotateSecret, update } from "./subscriptions/handlers.ts";

type Ops = typeof operations;

type EventType = Output<Ops["getEvent"]>;

/** Written when first asked for: the schemas of all events take a moment. */
const written = new Map<string, EventType>();

function described(type: string): EventType | undefined {
  const definition = eventDefinition(type);
  if (definition === undefined) return undefined;
  const { version, summary, resource, data } = definition;
  const known = written.get(type) ?? { type, version, summary, resource, data_schema: { ...z.toJSONSchema(data) } };
  written.set(type, known);
  return known;
}

export const listEvents: Handler<Ops["listEvents"], WebhookDeps> = async () => ({
  items: eventTypes.map(described).filter((event) => event !== undefined),
  aliases: { ...eventAliases },
});

export const getEvent: Handler<Ops["getEvent"], WebhookDeps> = async ({ path }) => {
  const name = path.event_type;
  const event = described(Object.hasOwn(eventAliases, name) ? (eventAliases[name] ?? name) : name);
  if (event === undefined) throw notFound();
  return event;
};

export const list: Handler<Ops["list"], WebhookDeps> = async (call, { table }) => {
  const { context, query, at } = call;
  const tenant = table.of(context.tenant);
  const { status, ...paging } = query;
  const page = await tenant.page(webhookItem, {
    ...paging,
    ...(status === undefined ? { index: "gsi2", of: {} } : { index: "gsi1", of: { status } }),
  });
  const health = await table.batch(page.items.map(({ id }) => tenant.read(healthItem, { webhook_id: id })));
  return { ...page, items: page.items.map((webhook, i) => viewOf(call, webhook, health[i], at)) };
};

export const get: Handler<Ops["get"], WebhookDeps> = async (call) => {
  const { webhook, health } = await call.load();
  return viewOf(call, webhook, health, call.at);
};

/** The webhook and its subscriptions go at once; its deliveries and replays follow, brought about by the event. */
export const remove: Handler<Ops["remove"], WebhookDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const tenant = table.of(call.context.tenant);
    const webhook = await call.load(how);
    requireMatch(call.if_match, webhook.etag);
    const { id, name, etag } = webhook;
    return call.commit(
      {
        writes: [
          tenant.writes.remove(webhookItem, { id }, { equals: { etag } }, (old) =>
            old === undefined ? notFound() : lostRace(),
          ),
          giveQuota(tenant, "webhooks"),
          ...ownerWrites(tenant, { kind: "webhook", id }, webhook.owner_id, null),
          tenant.writes.remove(healthItem, { webhook_id: id }, {}),
          ...webhook.events.map((pattern) => tenant.writes.remove(subscriptionItem, { pattern, webhook_id: id }, {})),
        ],
        events: [draft(webhookEvents, "webhook.deleted", { id, name }, { webhook_id: id, name })],
      },
      undefined,
    );
  });
