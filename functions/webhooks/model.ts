import * as z from "zod";
import { envelopeSchema } from "../../shared/change/events.ts";
import type { Asking } from "../../shared/http/permit.ts";
import { metadataSchema } from "../../shared/http/schemas.ts";
import { ownerIdSchema } from "../../shared/identity/owned.ts";
import { idSchema } from "../../shared/ids.ts";
import { defineStates } from "../../shared/states.ts";

/** One webhook has at most so many entries in `events`, so that a change of all of them is one transaction. */
export const maxSubscriptions = 40;

/** Secrets that sign at the same time: the newest and those whose time has not ended. */
export const maxLiveSecrets = 5;

/** Longest part of an answer that is kept with an attempt. */
export const keptBodyCharacters = 1_000;

/** Names by which some events were known before. */
export const eventAliases: Readonly<Record<string, string>> = {
  "user.invited": "invitation.created",
  "user.joined": "membership.added",
};

export const ALL_EVENTS = "*";

/** Every entry of a subscription that covers an event type: `a.b.c` is covered by itself, `a.b.*`, `a.*` and `*`. */
export function patternsFor(type: string): string[] {
  const parts = type.split(".");
  const groups = parts.slice(0, -1).map((_, i) => `${parts.slice(0, i + 1).join(".")}.*`);
  return [ALL_EVENTS, ...groups, type];
}

/** Whether an entry names something that can happen: a known type, a known alias, a group of known types, or everything. */
export function isSubscribable(entry: string, types: readonly string[]): boolean {
  if (entry === ALL_EVENTS || Object.hasOwn(eventAliases, entry) || types.includes(entry)) return true;
  return entry.endsWith(".*") && types.some((type) => type.startsWith(entry.slice(0, -1)));
}

/** The stored form of a subscription: aliases resolved, no entry twice, sorted. */
export const normalEvents = (entries: readonly string[]): string[] =>
  [
    ...new Set(entries.map((entry) => (Object.hasOwn(eventAliases, entry) ? (eventAliases[entry] ?? entry) : entry))),
  ].sort();

export const subscribes = (entries: readonly string[], type: string): boolean =>
  patternsFor(type).some((pattern) => entries.includes(pattern));

const webhookStatuses = ["active", "paused", "disabled"] as const;
export const webhookStatus = z.enum(webhookStatuses).meta({ id: "WebhookStatus" });

export const webhookStates = defineStates("webhook", webhookStatuses, [
  { from: [], to: "active", why: "It is created." },
  { from: ["active", "disabled"], to: "paused", why: "Somebody pauses it." },
  { from: ["paused", "disabled"], to: "active", why: "Somebody makes it active again; its failures are forgotten." },
  {
    from: ["active"],
    to: "disabled",
    why: "Its deliveries failed too often in a row or for too long, or its receiver answered 410 Gone.",
  },
]);
export const disabledReason = z
  .enum(["consecutive_failures", "failing_too_long", "gone"])
  .meta({ id: "WebhookDisabledReason" });

/** What is stored of one webhook. Its secrets are encrypted; its health stands in an item of its own. */
export const webhookSchema = z.object({
  id: idSchema("webhook"),
  organization_id: z.string(),
  name: z.string(),
  url: z.string(),
  events: z.array(z.string()),
  description: z.string(),
  metadata: metadataSchema,
  status: webhookStatus,
  /** Since when it has been active: what happened before is delivered by a replay only. */
  active_since: z.string(),
  disabled_reason: disabledReason.nullable(),
  disabled_at: z.string().nullable(),
  /** Newest first. `expires_at` is null for the newest, which signs until it is rotated. */
  secrets: z.array(z.object({ sealed: z.string(), created_at: z.string(), expires_at: z.string().nullable() })),
  owner_id: ownerIdSchema,
  created_by: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  etag: z.string(),
});
export type Webhook = z.output<typeof webhookSchema>;

/** Failed deliveries in a row and since when; counted apart, so that counting never meets a change by a person. */
export const healthSchema = z.object({
  webhook_id: idSchema("webhook"),
  consecutive_failures: z.number().int(),
  failing_since: z.string().optional(),
});
export type Health = z.output<typeof healthSchema>;

const secretView = z
  .object({ created_at: z.string(), expires_at: z.string().nullable() })
  .meta({ id: "WebhookSecret" });

export const webhookView = webhookSchema
  .omit({ secrets: true, etag: true })
  .extend({
    url: z.string().meta({ description: "Its origin and `/{concealed}` where you may not change the webhook." }),
    secrets: z
      .array(secretView)
      .meta({ description: "The secrets that sign now, newest first, without their values." }),
    consecutive_failures: z.number().int().meta({ description: "Failed deliveries in a row." }),
    failing_since: z.string().nullable(),
  })
  .meta({ id: "Webhook", description: "A subscription of an address to events." });

export const webhookWithSecret = webhookView
  .extend({ secret: z.string().meta({ description: "The signing secret. Shown in this answer only." }) })
  .meta({ id: "WebhookWithSecret" });

/** The secrets that sign at this moment, newest first. */
export const liveSecrets = (webhook: Webhook, now: Date): Webhook["secrets"] =>
  webhook.secrets.filter(({ expires_at }) => expires_at === null || Date.parse(expires_at) > now.getTime());

/** An address without what it may hold of the receiver's secrets: whoever has a hook's path may often post to it. */
export const concealedUrl = (url: string): string => `${new URL(url).origin}/{concealed}`;

/** A webhook as somebody sees it; its address in full only for who may change it. */
export const viewOf = (
  { may }: Pick<Asking<"webhooks:update">, "may">,
  webhook: Webhook,
  health: Health | undefined,
  now: Date,
) => ({
  ...webhook,
  url: may("webhooks:update") ? webhook.url : concealedUrl(webhook.url),
  secrets: liveSecrets(webhook, now),
  consecutive_failures: health?.consecutive_failures ?? 0,
  failing_since: health?.failing_since ?? null,
});

const deliveryStatuses = ["pending", "retrying", "succeeded", "failed"] as const;
export const deliveryStatus = z.enum(deliveryStatuses).meta({ id: "WebhookDeliveryStatus" });

export const deliveryStates = defineStates("delivery", deliveryStatuses, [
  { from: [], to: "pending", why: "Its event happened, or is replayed or tested." },
  { from: ["pending", "retrying"], to: "retrying", why: "An attempt failed, and another one follows." },
  { from: ["pending", "retrying"], to: "succeeded", why: "The receiver took it." },
  {
    from: ["pending", "retrying"],
    to: "failed",
    why: "No later attempt can change the answer, or none is left; or its webhook was paused, disabled or deleted first.",
  },
]);

/** Why a delivery failed or its last attempt did; beside these, the codes of the outbound client. */
export const deliveryErrors = {
  rejected: "The receiver answered with a status that no later attempt can change.",
  redirected: "The receiver answered with a redirect, which is never followed.",
  server_error: "The receiver answered that it cannot take the event now.",
  webhook_paused: "The webhook was paused before the delivery was made.",
  webhook_disabled: "The webhook was disabled before the delivery was made.",
  event_expired: "The event is older than events are kept.",
  expired: "The delivery could not be brought to an end within four days.",
  secret_unreadable: "The signing secret could not be opened; rotate it.",
} as const;

export const deliverySchema = z.object({
  id: idSchema("delivery"),
  organization_id: z.string(),
  webhook_id: idSchema("webhook"),
  event_id: idSchema("event"),
  event_type: z.string(),
  test: z.boolean(),
  replay_of: z.string().nullable(),
  replay_id: z.string().nullable(),
  status: deliveryStatus,
  attempt_count: z.number().int(),
  next_attempt_at: z.string().nullable(),
  response_status: z.number().int().nullable(),
  error_code: z.string().nullable(),
  created_at: z.string(),
  updated_at: z.string(),
  completed_at: z.string().nullable(),
  expires_at: z.string(),
});

export const attemptSchema = z.object({
  number: z.number().int(),
  started_at: z.string(),
  duration_ms: z.number().int(),
  outcome: z.enum(["succeeded", "failed"]),
  response_status: z.number().int().nullable(),
  response_body: z.string().nullable().meta({ description: "The first 1,000 characters of the answer." }),
  error_code: z.string().nullable(),
});

const fields = {
  event_id: { description: "Also the `webhook-id` header of every attempt and replay: the key against duplicates." },
  test: { description: "Asked for with the test operation: one attempt, never counted as a failure." },
  next_attempt_at: { description: "null when there is none." },
} as const;

export const deliveryView = deliverySchema
  .extend({
    event_id: deliverySchema.shape.event_id.meta(fields.event_id),
    test: deliverySchema.shape.test.meta(fields.test),
    next_attempt_at: deliverySchema.shape.next_attempt_at.meta(fields.next_attempt_at),
  })
  .meta({ id: "WebhookDelivery", description: "One event on its way to one webhook." });

export const deliveryDetail = deliveryView
  .extend({
    attempts: z.array(attemptSchema.meta({ id: "WebhookAttempt" })),
    event: envelopeSchema.nullable().meta({ description: "What is sent; null when the event is no longer kept." }),
  })
  .meta({ id: "WebhookDeliveryDetail" });

const replayStatuses = ["queued", "running", "completed", "cancelled"] as const;

export const replayStates = defineStates("webhook replay", replayStatuses, [
  { from: [], to: "queued", why: "Somebody asks for it." },
  { from: ["queued", "running"], to: "running", why: "A page of its events was read, and there are more." },
  { from: ["queued", "running"], to: "completed", why: "All its events were read." },
  { from: ["queued", "running"], to: "cancelled", why: "Its webhook is not active any more." },
]);

export const replaySchema = z
  .object({
    id: idSchema("webhook_replay"),
    webhook_id: idSchema("webhook"),
    since: z.string(),
    until: z.string(),
    status: z.enum(replayStatuses),
    events_read: z.number().int(),
    deliveries_created: z.number().int(),
    created_at: z.string(),
    updated_at: z.string(),
    completed_at: z.string().nullable(),
  })
  .meta({ id: "WebhookReplay", description: "The events of a time range, delivered once more in the background." });
