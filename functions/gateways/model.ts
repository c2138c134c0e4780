import * as z from "zod";
import { environmentSchema, timestampSchema } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { OF_LAST } from "./rules/health.ts";
import { healthSchema, resultSchema } from "./rules/kinds.ts";

export const adminStates = ["active", "inactive"] as const;
export const adminState = z.enum(adminStates).meta({
  id: "GatewayAdminState",
  description: "What people say of it; no check changes it. An inactive gateway is not checked by itself.",
});

/** What a gateway is. `agentcore` comes with what it is. */
export const gatewayKind = z.enum(["http", "built_in"]).meta({
  id: "GatewayKind",
  description:
    "`http`: a server of yours that speaks the protocol of docs/gateways.md. `built_in`: the data plane of this deployment.",
});

/** What is stored of a gateway. What checks find stands in an item of its own. */
export const gatewaySchema = z.object({
  id: idSchema("gateway"),
  organization_id: z.string(),
  name: z.string(),
  description: z.string(),
  kind: gatewayKind,
  /** Without a slash at its end. */
  api_url: z.string(),
  health_check_url: z.string().nullable(),
  allow_other_health_host: z.boolean(),
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

/** What one check has found. */
export const checkSchema = z.object({
  at: timestampSchema,
  result: resultSchema,
  status: z.int().nullable(),
  response_time_ms: z.int().nullable(),
  key: z.enum(["current", "previous"]).nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
});
export type Check = z.output<typeof checkSchema>;

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
