import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import {
  descriptionSchema,
  metadataSchema,
  nameSchema,
  pageOf,
  pageQuery,
  timestampSchema,
} from "../../shared/http/schemas.ts";
import { newOwnerSchema } from "../../shared/identity/owned.ts";
import { idSchema } from "../../shared/ids.ts";
import { eventTypes } from "../events.ts";
import {
  deliveryDetail,
  deliveryStatus,
  deliveryView,
  isSubscribable,
  maxSubscriptions,
  replaySchema,
  webhookStatus,
  webhookView,
  webhookWithSecret,
} from "./model.ts";
import { deliveryResource, healthyResource, replayResource, webhookResource } from "./store.ts";

const path = z.object({ webhook_id: idSchema("webhook") });
const deliveryPath = path.extend({ delivery_id: idSchema("delivery") });

const url = z.string().min(1).max(2_048).meta({ example: "https://example.com/hooks/kaizen" });

const events = z
  .array(
    z
      .string()
      .max(100)
      .refine((entry) => isSubscribable(entry, eventTypes), "is not an event type; GET /webhooks/events lists them"),
  )
  .min(1)
  .max(maxSubscriptions)
  .meta({
    description:
      "Event types, groups such as `agent.*`, or `*` for all. `user.invited` and `user.joined` are accepted for `invitation.created` and `membership.added`.",
    example: ["agent.created", "run.*"],
  });

const eventType = z.object({
  type: z.string().meta({ example: "agent.created" }),
  version: z
    .int()
    .meta({ description: "The shape of `data`; events carry it. It rises when a field goes or changes." }),
  summary: z.string(),
  resource: z.string().meta({ description: "What kind of thing the event is about." }),
  data_schema: z.record(z.string(), z.unknown()).meta({ description: "JSON Schema of the event's `data`." }),
});

export const operations = {
  getEvent: operation({
    id: "webhooks.get_event",
    method: "GET",
    path: "/webhooks/events/{event_type}",
    summary: "One type of event with its version and the JSON Schema of its data",
    permission: "authenticated",
    request: { path: z.object({ event_type: z.string().min(1).max(100) }) },
    response: eventType,
    success: 200,
    errors: [],
  }),
  listEvents: operation({
    id: "webhooks.list_events",
    method: "GET",
    path: "/webhooks/events",
    summary: "The events a webhook can subscribe to",
    permission: "authenticated",
    request: {},
    response: z.object({
      items: z.array(eventType),
      aliases: z.record(z.string(), z.string()),
    }),
    success: 200,
    errors: [],
  }),
  create: operation({
    id: "webhooks.create",
    method: "POST",
    path: "/webhooks",
    summary: "Subscribe an address to events",
    description:
      "Deliveries are signed by Standard Webhooks with the `secret` of this answer, which is never shown again. An event may arrive more than once and in any order: `webhook-id` is its id, `occurred_at` its time.",
    permission: "webhooks:create",
    besides: ["webhooks:update"],
    resource: { type: "webhook", create: true },
    request: {
      body: z.strictObject({
        name: nameSchema,
        url,
        events,
        description: descriptionSchema.default(""),
        metadata: metadataSchema.default({}),
      }),
    },
    response: webhookWithSecret,
    success: 201,
    errors: ["quota_exceeded", "unsafe_url"],
    sensitive: true,
    events_to: "url",
  }),
  list: operation({
    id: "webhooks.list",
    method: "GET",
    path: "/webhooks",
    summary: "List webhooks",
    permission: "webhooks:read",
    besides: ["webhooks:update"],
    resource: { type: "webhook", list: true },
    request: { query: z.strictObject({ ...pageQuery, status: webhookStatus.optional() }) },
    response: pageOf(webhookView),
    success: 200,
    errors: [],
  }),
  get: operation({
    id: "webhooks.get",
    method: "GET",
    path: "/webhooks/{webhook_id}",
    summary: "Read a webhook",
    permission: "webhooks:read",
    besides: ["webhooks:update"],
    resource: healthyResource,
    request: { path },
    response: webhookView,
    success: 200,
    errors: [],
  }),
  update: operation({
    id: "webhooks.update",
    method: "PATCH",
    path: "/webhooks/{webhook_id}",
    summary: "Change, pause or activate a webhook",
    description:
      "While a webhook is paused nothing is delivered to it: what happens meanwhile can be replayed later. Activating one that was disabled starts its failure count anew.",
    permission: "webhooks:update",
    resource: healthyResource,
    request: {
      path,
      body: z.strictObject({
        name: nameSchema.optional(),
        url: url.optional(),
        events: events.optional(),
        description: descriptionSchema.optional(),
        metadata: metadataSchema.optional(),
        owner_id: newOwnerSchema,
        status: webhookStatus.exclude(["disabled"]).optional(),
      }),
    },
    response: webhookView,
    success: 200,
    errors: ["unsafe_url", "precondition_failed", "conflict"],
  }),
  remove: operation({
    id: "webhooks.delete",
    method: "DELETE",
    path: "/webhooks/{webhook_id}",
    summary: "Delete a webhook",
    description: "Its deliveries and replays are deleted with it; what is on its way is not sent.",
    permission: "webhooks:delete",
    resource: webhookResource,
    request: { path },
    response: "none",
    success: 204,
    errors: ["precondition_failed", "conflict"],
  }),
  rotateSecret: operation({
    id: "webhooks.rotate_secret",
    method: "POST",
    path: "/webhooks/{webhook_id}/rotate-secret",
    summary: "Make a new signing secret",
    description: "Until the overlap ends both secrets sign, so that a receiver that knows either can verify.",
    permission: "webhooks:update",
    resource: healthyResource,
    request: {
      path,
      body: z.strictObject({
        overlap_seconds: z
          .number()
          .int()
          .min(0)
          .max(7 * 86_400)
          .default(86_400)
          .meta({ description: "How long the present secret signs along; 0 ends it now." }),
      }),
    },
    response: webhookWithSecret,
    success: 200,
    errors: ["conflict"],
    sensitive: true,
  }),
  test: operation({
    id: "webhooks.test",
    method: "POST",
    path: "/webhooks/{webhook_id}/test",
    summary: "Send a test event",
    description:
      "One attempt with an event `webhook.test`, also while the webhook is paused. Poll the delivery for the outcome.",
    permission: "webhooks:update",
    resource: webhookResource,
    request: { path },
    response: deliveryView,
    success: 202,
    errors: [],
    location: "/webhooks/{webhook_id}/deliveries/{id}",
  }),
  listDeliveries: operation({
    id: "webhooks.list_deliveries",
    method: "GET",
    path: "/webhooks/{webhook_id}/deliveries",
    summary: "List deliveries, newest first",
    permission: "webhooks:read",
    resource: webhookResource,
    request: { path, query: z.strictObject({ ...pageQuery, status: deliveryStatus.optional() }) },
    response: pageOf(deliveryView),
    success: 200,
    errors: [],
  }),
  getDelivery: operation({
    id: "webhooks.get_delivery",
    method: "GET",
    path: "/webhooks/{webhook_id}/deliveries/{delivery_id}",
    summary: "Read a delivery with its attempts",
    permission: "webhooks:read",
    resource: deliveryResource,
    request: { path: deliveryPath },
    response: deliveryDetail,
    success: 200,
    errors: [],
  }),
  replayDelivery: operation({
    id: "webhooks.replay_delivery",
    method: "POST",
    path: "/webhooks/{webhook_id}/deliveries/{delivery_id}/replay",
    summary: "Deliver an event once more",
    description: "A new delivery of the same event with the same `webhook-id`.",
    permission: "webhooks:replay",
    resource: deliveryResource,
    request: { path: deliveryPath },
    response: deliveryView,
    success: 202,
    errors: ["conflict"],
    location: "/webhooks/{webhook_id}/deliveries/{id}",
  }),
  replay: operation({
    id: "webhooks.replay",
    method: "POST",
    path: "/webhooks/{webhook_id}/replay",
    summary: "Deliver the events of a time range once more",
    description: "Events the webhook subscribes to now, each with its own `webhook-id`. Events are kept for 30 days.",
    permission: "webhooks:replay",
    resource: webhookResource,
    request: { path, body: z.strictObject({ since: timestampSchema, until: timestampSchema.optional() }) },
    response: replaySchema,
    success: 202,
    errors: ["conflict"],
    location: "/webhooks/{webhook_id}/replays/{id}",
  }),
  getReplay: operation({
    id: "webhooks.get_replay",
    method: "GET",
    path: "/webhooks/{webhook_id}/replays/{replay_id}",
    summary: "How far a replay has come",
    permission: "webhooks:read",
    resource: replayResource,
    request: { path: path.extend({ replay_id: idSchema("webhook_replay") }) },
    response: replaySchema,
    success: 200,
    errors: [],
  }),
} as const;
