import * as z from "zod";
import { principalSchema } from "../access/principal.ts";
import { defineItem } from "../dynamo/item.ts";
import { idSchema } from "../ids.ts";
import { envelopeSchema, fieldChangeSchema, outcomeSchema } from "./events.ts";

/** Request facts of an audit entry; null for what happened outside a request. */
export const requestFactsSchema = z
  .object({
    id: z.string(),
    method: z.string(),
    path: z.string(),
    operation: z.string().optional().meta({
      description: "Which operation it was, as the OpenAPI document names it. Old entries do not say it.",
      example: "agents.update",
    }),
    ip: z.string(),
    user_agent: z.string(),
  })
  .meta({ id: "AuditEntryRequest" });
export type RequestFacts = z.output<typeof requestFactsSchema>;

export const auditEntrySchema = z.object({
  id: idSchema("audit"),
  organization_id: z.string(),
  occurred_at: z.string(),
  actor: principalSchema,
  action: z.string(),
  resource: z
    .object({ type: z.string(), id: z.string(), name: z.string().optional() })
    .meta({ id: "AuditEntryResource" }),
  outcome: outcomeSchema,
  request: requestFactsSchema.nullable(),
  changes: z.array(fieldChangeSchema),
  reason: z.string().nullable(),
});
export type AuditEntry = z.output<typeof auditEntrySchema>;

/** The parts of an entry that are about a person: who did it from where, and what it was about. */
export const entryParts = ["actor", "subject"] as const;
export type EntryPart = (typeof entryParts)[number];

/** Something of some parts of an entry, as text. */
export const ofPartsSchema = z
  .object({ actor: z.string().optional(), subject: z.string().optional() })
  .meta({ id: "AuditEntryParts" });

export const auditItem = defineItem({
  type: "audit_entry",
  summary: "Audit entry, by month of occurrence; a month is a partition so that none grows without bound.",
  schema: auditEntrySchema.extend({
    /**
     * Random, one for each part. The tree of entries holds commitments to the parts under their salts, so that a part can go
     * one day, with its salt, and every proof stays. Entries from before there was a tree have none.
     */
    salts: ofPartsSchema.optional(),
    /** The commitments to parts that are erased. */
    erased: ofPartsSchema.optional(),
    month: z.string(),
    actor_key: z.string(),
    resource_key: z.string(),
    expires_at: z.string(),
  }),
  key: { pk: "AUDIT#{month}", sk: "{id}" },
  append_only: true,
  // The parts, what finds an entry by them, and what stands for them afterwards: for the erasure of a person (docs/adr/0090).
  erasable: ["actor", "actor_key", "request", "resource", "resource_key", "changes", "reason", "salts", "erased"],
  indexes: {
    gsi1: { pk: "AUDIT_ACTOR#{actor_key}", sk: "{id}" },
    gsi2: { pk: "AUDIT_RESOURCE#{resource_key}", sk: "{id}" },
    gsi3: { pk: "AUDIT_ACTION#{action}", sk: "{id}" },
  },
  json: ["changes"],
  expires: "expires_at",
});

/** Events stay replayable for this long. */
export const EVENT_DAYS = 30;

export const outboxItem = defineItem({
  type: "event",
  summary: "Outgoing event, written with the change it tells of; the stream relays it to the bus.",
  schema: z.object({ id: idSchema("event"), day: z.string(), envelope: envelopeSchema, expires_at: z.string() }),
  key: { pk: "EVENTS#{day}", sk: "{id}" },
  append_only: true,
  json: ["envelope"],
  expires: "expires_at",
});

export const idempotencyItem = defineItem({
  type: "idempotency_key",
  summary: "First answer to a request with an Idempotency-Key, kept 24 hours.",
  schema: z.object({
    scope: z.string(),
    key_hash: z.string(),
    request_hash: z.string(),
    status: z.enum(["running", "done"]),
    answer: z.string().optional(),
    expires_at: z.string(),
  }),
  key: { pk: "IDEMPOTENCY#{scope}", sk: "{key_hash}" },
  expires: "expires_at",
});
