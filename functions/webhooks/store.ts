import * as z from "zod";
import { envelopeSchema } from "../../shared/change/events.ts";
import { defineDue } from "../../shared/due/due.ts";
import { readFamily } from "../../shared/dynamo/family.ts";
import { defineItem, type ItemOf, primaryKey } from "../../shared/dynamo/item.ts";
import { defineResource } from "../../shared/http/resource.ts";
import { idSchema } from "../../shared/ids.ts";
import {
  attemptSchema,
  deliverySchema,
  type Health,
  healthSchema,
  replaySchema,
  type Webhook,
  webhookSchema,
} from "./model.ts";

export const webhookItem = defineItem({
  type: "webhook",
  summary: "A subscription of an address to events, with its encrypted signing secrets.",
  schema: webhookSchema,
  key: { pk: "WEBHOOK#{id}", sk: "WEBHOOK" },
  indexes: { gsi1: { pk: "WEBHOOKS#{status}", sk: "{id}" }, gsi2: { pk: "WEBHOOKS", sk: "{id}" } },
  json: ["metadata"],
});

export const healthItem = defineItem({
  type: "webhook_health",
  summary: "Failed deliveries in a row of one webhook.",
  schema: healthSchema,
  key: { pk: "WEBHOOK#{webhook_id}", sk: "WEBHOOK#HEALTH" },
});

export const subscriptionItem = defineItem({
  type: "webhook_subscription",
  summary: "One entry of a webhook's events, found by the event's type: fan-out is a query, never a scan.",
  schema: z.object({ pattern: z.string(), webhook_id: idSchema("webhook") }),
  key: { pk: "WEBHOOK_SUBSCRIPTIONS#{pattern}", sk: "{webhook_id}" },
});

/**
 * One webhook's deliveries are one partition, newest last. Its ceiling: about 250 deliveries a second to one webhook
 * (four write units each).
 */
export const deliveryItem = defineItem({
  type: "webhook_delivery",
  summary: "One event on its way to one webhook.",
  schema: deliverySchema.extend({
    /** Partition of the stored event. */
    event_day: z.string(),
    /** What a test sends; other deliveries refer to the stored event. */
    payload: envelopeSchema.optional(),
    /** Who makes the attempt now, and until when nobody else may. */
    lease_id: z.string().optional(),
    lease_until: z.string().optional(),
    /** When its age is counted from, after its organization was suspended or deleted; else from its making. */
    aged_from: z.string().optional(),
  }),
  key: { pk: "WEBHOOK#{webhook_id}", sk: "DELIVERY#{id}" },
  indexes: {
    gsi1: { pk: "WEBHOOK_DELIVERIES#{webhook_id}#{status}", sk: "{id}" },
  },
  json: ["payload"],
  expires: "expires_at",
});
export type Delivery = ItemOf<typeof deliveryItem>;

/**
 * When a delivery comes due by itself, from its making to its end: at its next attempt where no message of the queue
 * leads there, and otherwise once that message must have been lost. Of `<webhook_id>/<delivery_id>`.
 */
export const deliveryDue = defineDue("webhook_delivery");

export const attemptItem = defineItem({
  type: "webhook_attempt",
  summary: "One attempt of a delivery, and what came back.",
  schema: attemptSchema.extend({ delivery_id: idSchema("delivery"), expires_at: z.string() }),
  key: { pk: "WEBHOOK_ATTEMPTS#{delivery_id}", sk: "{number}" },
  expires: "expires_at",
});

export const replayItem = defineItem({
  type: "webhook_replay",
  summary: "A replay of a time range and how far it has come.",
  schema: replaySchema.extend({
    /** The day whose events are read next, and where in it. */
    day: z.string(),
    cursor: z.string().nullable(),
    /** Pages worked off; a page is counted by whoever moves this on. */
    pages: z.number().int(),
    expires_at: z.string(),
  }),
  key: { pk: "WEBHOOK#{webhook_id}", sk: "REPLAY#{id}" },
  expires: "expires_at",
});
export type Replay = ItemOf<typeof replayItem>;

export const webhookResource = defineResource({
  type: "webhook",
  path: ["webhook_id"],
  item: webhookItem,
  key: ({ webhook_id }) => ({ id: webhook_id }),
  subject: (webhook) => webhook,
});

/** A webhook with its health, which lies beside it: one query. */
export const healthyResource = defineResource({
  type: "webhook",
  path: ["webhook_id"],
  async read({ table, path }): Promise<{ webhook: Webhook; health: Health | undefined } | undefined> {
    const { pk, sk } = primaryKey(webhookItem, table.tenant, { id: path.webhook_id });
    const kinds = { webhooks: webhookItem, health: healthItem };
    const found = await readFamily(table, { pk, from: sk, to: sk }, kinds);
    const [webhook] = found.webhooks;
    return webhook === undefined ? undefined : { webhook, health: found.health[0] };
  },
  subject: ({ webhook }) => webhook,
});

export const deliveryResource = defineResource({
  type: "webhook",
  path: ["webhook_id", "delivery_id"],
  async read({
    table,
    path: { webhook_id, delivery_id },
  }): Promise<{ webhook: Webhook; delivery: Delivery } | undefined> {
    const [webhook, delivery] = await table.table.batch([
      table.read(webhookItem, { id: webhook_id }),
      table.read(deliveryItem, { webhook_id, id: delivery_id }),
    ]);
    return webhook === undefined || delivery === undefined ? undefined : { webhook, delivery };
  },
  subject: ({ webhook }) => webhook,
});

export const replayResource = defineResource({
  type: "webhook",
  path: ["webhook_id", "replay_id"],
  async read({ table, path: { webhook_id, replay_id } }): Promise<Replay | undefined> {
    const [webhook, job] = await table.table.batch([
      table.read(webhookItem, { id: webhook_id }),
      table.read(replayItem, { webhook_id, id: replay_id }),
    ]);
    return webhook === undefined ? undefined : job;
  },
  subject: (_job, { table, path }) => table.get(webhookItem, { id: String(path.webhook_id) }),
});
