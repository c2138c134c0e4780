import * as z from "zod";
import { timestampSchema } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { defineStates } from "../../../shared/states.ts";
import { checkSchema } from "../model.ts";
import { reasons } from "../rules/answer.ts";
import { healths } from "../rules/health.ts";
import { healthSchema } from "../rules/kinds.ts";

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

export const checkView = checkSchema
  .extend({
    status: z.int().nullable().meta({
      description: "The HTTP status; null where there was no answer.",
      example: 200,
    }),
    response_time_ms: z.int().nullable().meta({
      description: "Until the whole answer was there; null where there was none.",
      example: 87,
    }),
    key: z.enum(["current", "previous"]).meta({ id: "GatewayKeyUsed" }).nullable().meta({
      description:
        "With which key: `previous` where the current one was refused and the one before it was accepted; null where none could be sent.",
      example: "current",
    }),
    error: z
      .object({
        code: z.string().meta({ example: "slow" }),
        message: z.string().meta({ example: reasons.slow, description: "Never a text of the gateway's own." }),
      })
      .meta({ id: "GatewayCheckError", description: "Why it is not healthy." })
      .nullable()
      .meta({ description: "Null for a healthy one." }),
  })
  .meta({ id: "GatewayCheck", description: "What one check has found." });

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
