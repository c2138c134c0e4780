import * as z from "zod";
import type { Asking } from "../../../shared/http/permit.ts";
import { descriptionSchema, nameSchema, timestampSchema } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { defineStates } from "../../../shared/states.ts";
import { stoppedReason } from "./rules/kinds.ts";

const statuses = ["active", "paused", "stopped"] as const;
export const streamStatus = z.enum(statuses).meta({ id: "AuditStreamStatus" });

export const streamStates = defineStates("audit stream", statuses, [
  { from: [], to: "active", why: "It is created." },
  { from: ["active", "stopped"], to: "paused", why: "Somebody pauses it; it keeps its place." },
  { from: ["paused", "stopped"], to: "active", why: "Somebody starts it, where it stands or from another number." },
  {
    from: ["active"],
    to: "stopped",
    why: "Its destination refused for an hour, failed for three days, or answered 410 Gone.",
  },
]);

export const streamFormat = z.enum(["native", "ocsf"]).meta({
  id: "AuditStreamFormat",
  description:
    "`native`: entries as `GET /audit/logs/{audit_id}` shows them, `sequence` is their number. `ocsf`: events of OCSF 1.3.0 (class API Activity, 6003); the number is `metadata.sequence`.",
});
export type StreamFormat = z.output<typeof streamFormat>;

const BUS = "arn:aws:events:eu-central-1:123456789012:event-bus/security";

const url = z.string().min(1).max(2_048);
/** A name within Splunk. */
const splunkName = z
  .string()
  .regex(/^[\w.:/ -]{1,200}$/, "has characters that Splunk does not take here")
  .nullable()
  .default(null);

/** Names of headers that are ours, or the body's. */
const OWN_HEADER = /^(?:content-|webhook-|accept-encoding$|user-agent$)/;
const header = z
  .strictObject({
    name: z
      .string()
      .min(1)
      .max(100)
      .toLowerCase()
      .refine((name) => !OWN_HEADER.test(name), "is set by the stream itself"),
    value: z.string().min(1).max(4_096).optional().meta({ description: "Never shown again." }),
  })
  .meta({ id: "AuditStreamHeader" });

const keeps =
  "Left out in a change, it stays as it is; it must be given again where the address is of another host, so that it follows nowhere unintended.";

const bodyForm = z.enum(["json_lines", "json_array"]).meta({ id: "AuditStreamBody" });

/** Where a stream leads, as somebody gives it. */
export const destinationInput = z
  .discriminatedUnion("kind", [
    z
      .strictObject({
        kind: z.literal("splunk_hec"),
        url: url.meta({
          description: "Splunk's HTTP Event Collector; without a path, `/services/collector/event` is meant.",
          example: "https://http-inputs-acme.splunkcloud.com",
        }),
        token: z
          .string()
          .regex(/^[\w-]{8,200}$/, "must be the token alone")
          .optional()
          .meta({
            description: `The token of the collector, never shown again. ${keeps}`,
            example: "b8a5f0de-6f3d-4f55-8f4c-2c7c1f1a9e11",
          }),
        index: splunkName,
        source: splunkName,
        sourcetype: splunkName,
      })
      .meta({ id: "AuditStreamSplunk", description: "What is null is as the token has it." }),
    z
      .strictObject({
        kind: z.literal("https"),
        url: url.meta({ example: "https://collector.example.com/audit" }),
        body: bodyForm.default("json_lines").meta({
          description: "An entry a line (`application/x-ndjson`), or one array (`application/json`).",
        }),
        header: header
          .nullable()
          .default(null)
          .meta({
            description: `One header more, like \`Authorization\`. Its value: ${keeps}`,
            example: { name: "authorization", value: "Bearer a-key-of-the-collector" },
          }),
      })
      .meta({
        id: "AuditStreamHttps",
        description: "Requests are signed by Standard Webhooks, as those of webhooks are.",
      }),
    z
      .strictObject({
        kind: z.literal("event_bus"),
        arn: z.string().min(1).max(400).meta({
          description: "A bus of EventBridge whose policy lets the deployment's account put events.",
          example: BUS,
        }),
      })
      .meta({
        id: "AuditStreamBus",
        description: "Events have the action as their detail type, and the organization in their source.",
      }),
  ])
  .meta({ id: "AuditStreamDestinationInput" });
export type DestinationInput = z.output<typeof destinationInput>;

/** Where a stream leads, as it is stored: without what is secret. */
export const storedDestination = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("splunk_hec"),
    url: z.string(),
    index: z.string().nullable().meta({ example: "security" }),
    source: z.string().nullable().meta({ example: "kaizen-studio" }),
    sourcetype: z.string().nullable().meta({ example: "kaizen:audit" }),
  }),
  z.object({
    kind: z.literal("https"),
    url: z.string(),
    body: bodyForm,
    header_name: z.string().nullable().meta({ example: "authorization" }),
  }),
  z.object({ kind: z.literal("event_bus"), arn: z.string().meta({ example: BUS }) }),
]);
export type StoredDestination = z.output<typeof storedDestination>;

const signingSecret = z.object({ sealed: z.string(), created_at: z.string(), expires_at: z.string().nullable() });

/** What is stored of a stream. How far it is stands in an item of its own. */
export const streamSchema = z.object({
  id: idSchema("audit_stream"),
  organization_id: z.string(),
  name: z.string(),
  description: z.string(),
  destination: storedDestination,
  format: streamFormat,
  status: streamStatus,
  stopped_reason: stoppedReason.nullable(),
  stopped_at: timestampSchema.nullable(),
  /** The token or the header's value, sealed. */
  credential: z.string().nullable(),
  /** Secrets that requests to `https` are signed with, newest first; null ends for the newest. */
  signing: z.array(signingSecret),
  created_by: z.string(),
  created_at: timestampSchema,
  updated_at: timestampSchema,
  etag: z.string(),
  /** Another one since it was last started, paused, stopped or led elsewhere. Its place has the same. */
  epoch: z.string(),
});
export type Stream = z.output<typeof streamSchema>;

const errorSchema = z
  .object({
    at: timestampSchema,
    code: z.string().meta({ example: "hec_4" }),
    message: z.string().meta({ example: "Splunk does not know the token. Give the stream a token of this collector." }),
    status: z.int().nullable().meta({ description: "The HTTP status; null where there was no answer.", example: 403 }),
    answer: z.string().nullable().meta({
      description: "The first 300 characters of the answer, secrets left out.",
      example: '{"text":"Invalid token","code":4}',
    }),
  })
  .meta({ id: "AuditStreamError" });

/** How far a stream is, and who is at it. */
export const placeSchema = z.object({
  stream_id: idSchema("audit_stream"),
  /** Of the stream as it may be sent: whoever has read it before takes it no more. */
  epoch: z.string(),
  next: z.int().min(0),
  delivered: z.int(),
  expired: z.int(),
  missing: z.int(),
  last_delivered_at: z.string().optional(),
  consecutive_failures: z.int(),
  failing_since: z.string().optional(),
  refused_since: z.string().optional(),
  retry_at: z.string().optional(),
  last_error: errorSchema.optional(),
  /** Who sends now, and until when nobody else may. */
  lease_id: z.string().optional(),
  lease_until: z.string().optional(),
});
export type StreamPlace = z.output<typeof placeSchema>;

/** Secrets that sign at the same time: the newest and those whose time has not ended. */
export const MOST_SIGNING = 5;

/** The secrets that sign at this moment, newest first. */
export const liveSigning = (stream: Pick<Stream, "signing">, now: Date): Stream["signing"] =>
  stream.signing.filter(({ expires_at }) => expires_at === null || Date.parse(expires_at) > now.getTime());

const destinationView = storedDestination.meta({
  id: "AuditStreamDestination",
  description: "Of an address its origin and `/{concealed}` where you may not change the stream.",
});

export const streamView = streamSchema
  .omit({ credential: true, signing: true, etag: true, epoch: true, destination: true })
  .extend({
    destination: destinationView,
    signing_secrets: z
      .array(z.object({ created_at: z.string(), expires_at: z.string().nullable() }).meta({ id: "AuditStreamSecret" }))
      .meta({ description: "The secrets that sign now, newest first, without their values." }),
    progress: z
      .object({
        next_sequence: z.int().meta({ description: "The number of the entry that is sent next." }),
        behind: z.int().meta({ description: "Entries that have a number and are still to be sent." }),
        delivered: z.int().meta({ description: "Entries that were taken; one that was sent again counts again." }),
        expired: z.int().meta({ description: "Entries whose time was over before they were sent; they are left out." }),
        missing: z
          .int()
          .meta({ description: "Entries that are not in the log though they should be; operators are told." }),
        last_delivered_at: timestampSchema.nullable(),
        consecutive_failures: z.int(),
        failing_since: timestampSchema.nullable(),
        retry_at: timestampSchema.nullable().meta({ description: "When it is tried again." }),
        last_error: errorSchema.nullable(),
      })
      .meta({ id: "AuditStreamProgress" }),
  })
  .meta({
    id: "AuditStream",
    description: "A destination to which the audit log is sent as it grows, each entry in order.",
  });

export const streamWithSecret = streamView
  .extend({
    signing_secret: z.string().nullable().meta({
      description:
        "With what requests to an `https` collector are signed. Shown in this answer only; null for other kinds.",
    }),
  })
  .meta({ id: "AuditStreamWithSecret" });

export const trialView = z
  .object({
    ok: z.boolean().meta({ description: "The destination took the entry." }),
    status: z.int().nullable().meta({ description: "The HTTP status; null where there was no answer.", example: 200 }),
    code: z.string().nullable().meta({ description: "Why it was not taken.", example: null }),
    message: z.string().nullable().meta({ description: "What happened, and what to do.", example: null }),
    answer: z.string().nullable().meta({
      description: "The first 300 characters of the answer, secrets left out.",
      example: '{"text":"Success","code":0}',
    }),
    duration_ms: z.int(),
  })
  .meta({ id: "AuditStreamTest", description: "What came of one marked entry that was sent." });

/** From where a stream goes on. */
export const startSchema = z
  .union([z.literal("now"), z.int().min(0)])
  .meta({ description: "A number of the log (0: from its beginning), or `now`: with what comes next." });

export const newStream = z.strictObject({
  name: nameSchema,
  description: descriptionSchema.default(""),
  destination: destinationInput,
  format: streamFormat.default("native"),
  from: startSchema.default("now"),
});

export const changedStream = z.strictObject({
  name: nameSchema.optional(),
  description: descriptionSchema.optional(),
  destination: destinationInput.optional().meta({ description: "As a whole; the kind stays." }),
  format: streamFormat.optional(),
});

/** A stream as somebody sees it; its address in full only for who may change it. */
export function viewOf(
  { may }: Pick<Asking<"audit:stream">, "may">,
  stream: Stream,
  place: StreamPlace,
  size: number,
  now: Date,
) {
  const { destination } = stream;
  const concealed = "url" in destination && !may("audit:stream");
  return {
    ...stream,
    destination: concealed ? { ...destination, url: `${new URL(destination.url).origin}/{concealed}` } : destination,
    signing_secrets: liveSigning(stream, now),
    progress: {
      next_sequence: place.next,
      behind: Math.max(size - place.next, 0),
      delivered: place.delivered,
      expired: place.expired,
      missing: place.missing,
      last_delivered_at: place.last_delivered_at ?? null,
      consecutive_failures: place.consecutive_failures,
      failing_since: place.failing_since ?? null,
      retry_at: place.retry_at ?? null,
      last_error: place.last_error ?? null,
    },
  };
}
