import * as z from "zod";
import { descriptionSchema, environmentSchema, nameSchema, timestampSchema } from "../../../shared/http/schemas.ts";
import { defineStates } from "../../../shared/states.ts";
import { checkView } from "../checks/model.ts";
import { adminState, adminStates, type Gateway, type GatewayStanding, gatewayKind, gatewaySchema } from "../model.ts";
import { liveKeys } from "../rules/keys.ts";

export const gatewayStates = defineStates("gateway", adminStates, [
  { from: [], to: "active", why: "It is created so." },
  { from: [], to: "inactive", why: "It is created so, to be taken into use later." },
  { from: ["active"], to: "inactive", why: "Somebody takes it out of use. No check does." },
  { from: ["inactive"], to: "active", why: "Somebody takes it into use; nothing is known of its health then." },
]);

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
  api_url: apiUrl.optional().meta({
    description:
      "Where the gateway is, by https; paths of the protocol are put behind it. Without a query and a fragment. Whoever sees the gateway sees it. Of the kind `http` it must be given; the built-in data plane's is known.",
  }),
  api_key: keySchema.optional().meta({
    description:
      "Sent as `Authorization: Bearer …`, kept encrypted, and never shown again. Of the kind `http` it must be given; the built-in data plane has none.",
    example: "a-key-of-the-gateway",
  }),
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
    api_url: apiUrl,
    health_check_url: healthUrl,
    allow_other_health_host: otherHost,
    health_since: timestampSchema,
    last_check: checkView.nullable().meta({ description: "Null before the first one since nothing was known of it." }),
    key: z
      .object({
        set_at: timestampSchema,
        previous_until: timestampSchema
          .nullable()
          .meta({ description: "Until when the key before it is tried where this one is refused." }),
      })
      .meta({ id: "GatewayKey" })
      .nullable()
      .meta({ description: "Null for the built-in data plane, which has none." }),
  })
  .meta({ id: "Gateway", description: "A server on which agents and pipelines are to be deployed." });

/** A gateway as it is shown. */
export function viewOf(gateway: Gateway, standing: GatewayStanding, now: Date) {
  const [current, previous] = liveKeys(gateway.keys, now);
  return {
    ...gateway,
    health: standing.health,
    health_since: standing.since,
    last_check: standing.last_check ?? null,
    key:
      gateway.kind === "built_in"
        ? null
        : { set_at: current?.set_at ?? gateway.created_at, previous_until: previous?.expires_at ?? null },
  };
}
