import * as z from "zod";
import { descriptionSchema, environmentSchema, nameSchema, timestampSchema } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { defineStates } from "../../shared/states.ts";
import { reasons } from "./rules/answer.ts";
import { healths, OF_LAST, results } from "./rules/health.ts";
import { liveKeys } from "./rules/keys.ts";

const adminStates = ["active", "inactive"] as const;
export const adminState = z.enum(adminStates).meta({
  id: "GatewayAdminState",
  description: "What people say of it; no check changes it. An inactive gateway is not checked by itself.",
});

export const gatewayStates = defineStates("gateway", adminStates, [
  { from: [], to: "active", why: "It is created so." },
  { from: [], to: "inactive", why: "It is created so, to be taken into use later." },
  { from: ["active"], to: "inactive", why: "Somebody takes it out of use. No check does." },
  { from: ["inactive"], to: "active", why: "Somebody takes it into use; nothing is known of its health then." },
]);

export const healthSchema = z.enum(healths).meta({
  id: "GatewayHealth",
  description:
    "What three of the last five checks have found since it last changed; `unknown` before, after a change of address, and while the gateway is inactive.",
});

const AGREED = "Three of the last five checks say so.";
export const healthStates = defineStates("health of a gateway", healths, [
  { from: [], to: "unknown", why: "Nobody has looked yet." },
  {
    from: ["healthy", "degraded", "unhealthy"],
    to: "unknown",
    why: "It has another address, or its gateway is made active or inactive.",
  },
  { from: ["unknown", "degraded", "unhealthy"], to: "healthy", why: AGREED },
  { from: ["unknown", "healthy", "unhealthy"], to: "degraded", why: AGREED },
  { from: ["unknown", "healthy", "degraded"], to: "unhealthy", why: AGREED },
]);

/** What a gateway is. `built_in` and `agentcore` come with what they are. */
export const gatewayKind = z
  .enum(["http"])
  .meta({ id: "GatewayKind", description: "`http`: a server of yours that speaks the protocol of docs/gateways.md." });

const resultSchema = z.enum(results).meta({ id: "GatewayCheckResult" });

const errorSchema = z
  .object({
    code: z.string().meta({ example: "slow" }),
    message: z.string().meta({ example: reasons.slow, description: "Never a text of the gateway's own." }),
  })
  .meta({ id: "GatewayCheckError", description: "Why it is not healthy." });

/** What one check has found. */
export const checkSchema = z.object({
  at: timestampSchema,
  result: resultSchema,
  status: z.int().nullable(),
  response_time_ms: z.int().nullable(),
  key: z.enum(["current", "previous"]).meta({ id: "GatewayKeyUsed" }).nullable(),
  error: errorSchema.nullable(),
});
export type Check = z.output<typeof checkSchema>;

export const checkView = checkSchema
  .extend({
    status: checkSchema.shape.status.meta({
      description: "The HTTP status; null where there was no answer.",
      example: 200,
    }),
    response_time_ms: checkSchema.shape.response_time_ms.meta({
      description: "Until the whole answer was there; null where there was none.",
      example: 87,
    }),
    key: checkSchema.shape.key.meta({
      description:
        "With which key: `previous` where the current one was refused and the one before it was accepted; null where none could be sent.",
      example: "current",
    }),
    error: checkSchema.shape.error.meta({ description: "Null for a healthy one." }),
  })
  .meta({ id: "GatewayCheck", description: "What one check has found." });

const address = z.string().min(1).max(2_048);
const apiUrl = address.meta({
  description:
    "Where the gateway is, by https; paths of the protocol are put behind it. Without a query and a fragment. Whoever sees the gateway sees it.",
  example: "https://agents.example.com",
});
const healthUrl = address.nullable().meta({
  description: "Where it is asked how it is; null for `/health` behind `api_url`.",
  example: "https://agents.example.com/health",
});
const otherHost = z.boolean().meta({
  description: "Whether `health_check_url` may be of another host than `api_url`, to which the key is sent, too.",
  example: false,
});

/** What is stored of a gateway. What checks find stands in an item of its own. */
export const gatewaySchema = z.object({
  id: idSchema("gateway"),
  organization_id: z.string(),
  name: z.string(),
  description: z.string(),
  kind: gatewayKind,
  api_url: apiUrl,
  health_check_url: healthUrl,
  allow_other_health_host: otherHost,
  environment: environmentSchema,
  admin_state: adminState,
  /** As the health item has it: lists are narrowed by it. */
  health: healthSchema,
  /** Newest first; sealed. */
  keys: z.array(z.object({ sealed: z.string(), set_at: z.string(), expires_at: z.string().nullable() })),
  created_by: z.string(),
  created_at: timestampSchema,
  updated_at: timestampSchema,
  etag: z.string(),
  /** Another one whenever earlier checks say nothing of it any more. Its health has the same. */
  epoch: z.string(),
});
export type Gateway = z.output<typeof gatewaySchema>;

/** What is known of a gateway by its checks. */
export const standingSchema = z.object({
  gateway_id: idSchema("gateway"),
  epoch: z.string(),
  /** How many checks there have been. */
  sequence: z.int().min(0),
  health: healthSchema,
  since: timestampSchema,
  /** Results since then, newest last. */
  recent: z.array(resultSchema).max(OF_LAST),
  last_check: checkSchema.optional(),
});
export type GatewayStanding = z.output<typeof standingSchema>;

export const keySchema = z
  .string()
  .regex(/^[\x21-\x7e]{1,4096}$/, "must be 1 to 4,096 visible characters of ASCII")
  .meta({
    description: "Sent as `Authorization: Bearer …`, kept encrypted, and never shown again.",
    example: "a-key-of-the-gateway",
  });

export const newGateway = z.strictObject({
  name: nameSchema,
  description: descriptionSchema.default(""),
  kind: gatewayKind.default("http"),
  api_url: apiUrl,
  api_key: keySchema,
  environment: environmentSchema.default("development"),
  health_check_url: healthUrl.default(null),
  allow_other_health_host: otherHost.default(false),
  admin_state: adminState.default("active"),
});

export const changedGateway = z.strictObject({
  name: nameSchema.optional(),
  description: descriptionSchema.optional(),
  api_url: apiUrl.optional(),
  api_key: keySchema.optional().meta({
    description:
      "Takes the place of all keys at once. It must be given where an address becomes one of another server, so that no key goes where it was not meant to.",
    example: "a-key-of-the-gateway",
  }),
  environment: environmentSchema.optional(),
  health_check_url: healthUrl.optional(),
  allow_other_health_host: otherHost.optional(),
  admin_state: adminState.optional(),
});

export const gatewayView = gatewaySchema
  .omit({ keys: true, etag: true, epoch: true })
  .extend({
    health_since: timestampSchema,
    last_check: checkView.nullable().meta({ description: "Null before the first one since nothing was known of it." }),
    key: z
      .object({
        set_at: timestampSchema,
        previous_until: timestampSchema
          .nullable()
          .meta({ description: "Until when the key before it is tried where this one is refused." }),
      })
      .meta({ id: "GatewayKey" }),
  })
  .meta({ id: "Gateway", description: "A server on which agents and pipelines are to be deployed." });

export const checkedView = checkView
  .omit({ at: true })
  .extend({
    gateway_id: idSchema("gateway"),
    health: healthSchema,
    checked_at: timestampSchema,
  })
  .meta({ id: "GatewayChecked", description: "What a check has found, and what the gateway is taken for after it." });

export const summaryView = z
  .object({
    checks: z.int().meta({ description: "How many are kept: 500 at most.", example: 500 }),
    first_at: timestampSchema.nullable(),
    last_at: timestampSchema.nullable(),
    results: z
      .object({ healthy: z.int(), degraded: z.int(), unhealthy: z.int() })
      .meta({ id: "GatewayCheckResults", example: { healthy: 490, degraded: 7, unhealthy: 3 } }),
    availability: z
      .number()
      .nullable()
      .meta({ description: "The share of checks that did not find it unhealthy; null without any.", example: 0.994 }),
    response_time_ms: z
      .object({ p50: z.int(), p95: z.int(), p99: z.int() })
      .meta({ id: "GatewayResponseTimes" })
      .nullable()
      .meta({ description: "Of the checks that got an answer.", example: { p50: 84, p95: 190, p99: 412 } }),
  })
  .meta({ id: "GatewayHealthSummary", description: "What the checks that are kept say together." });

/** A gateway as it is shown. */
export function viewOf(gateway: Gateway, standing: GatewayStanding, now: Date) {
  const [current, previous] = liveKeys(gateway.keys, now);
  return {
    ...gateway,
    health: standing.health,
    health_since: standing.since,
    last_check: standing.last_check ?? null,
    key: { set_at: current?.set_at ?? gateway.created_at, previous_until: previous?.expires_at ?? null },
  };
}
