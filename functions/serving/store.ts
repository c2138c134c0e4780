import * as z from "zod";
import { blobSchema } from "../../shared/blobs/blobs.ts";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import { idSchema } from "../../shared/ids.ts";
import { channels, endpointSchema, statementSchema } from "./model.ts";

/** What stands in the data plane's own table. */

export const servedAgentItem = defineItem({
  type: "served_agent",
  summary: "Data plane: a version of an agent that was deployed, as it was signed.",
  schema: z.object({
    deployment_id: idSchema("deployment"),
    statement: statementSchema,
    signature: z.string(),
    /** The bundle, word for word as its digest is of it. */
    bundle: blobSchema,
    /** By tool: its secret headers, sealed for the data plane. */
    secret_headers: z.record(z.string(), z.record(z.string(), z.string())),
    registered_at: z.string(),
  }),
  key: { pk: "SERVED#{deployment_id}", sk: "AGENT" },
  json: ["secret_headers"],
});
export type ServedAgent = ItemOf<typeof servedAgentItem>;

export const servedEndpointItem = defineItem({
  type: "served_endpoint",
  summary: "Data plane: what is served of a thing on a gateway, and to whom.",
  schema: endpointSchema,
  key: { pk: "SERVED_ENDPOINT#{gateway_id}", sk: "{target_id}" },
});
export type ServedEndpoint = ItemOf<typeof servedEndpointItem>;

/** Whether a key counts stands at the endpoint alone. */
export const servedKeyItem = defineItem({
  type: "served_key",
  summary: "Data plane: to which endpoint a key belongs.",
  schema: z.object({ id: idSchema("deployment_key"), gateway_id: idSchema("gateway"), target_id: z.string() }),
  key: { pk: "SERVED_KEY#{id}", sk: "KEY" },
});

export const servedCallItem = defineItem({
  type: "served_call",
  summary: "Data plane: one call of an endpoint and what came of it.",
  schema: z.object({
    id: idSchema("served_call"),
    organization_id: idSchema("organization"),
    gateway_id: idSchema("gateway"),
    target_id: z.string(),
    deployment_id: idSchema("deployment"),
    version: z.int(),
    key_id: idSchema("deployment_key"),
    channel: z.enum(channels),
    at: z.string(),
    outcome: z.enum(["succeeded", "failed", "timed_out", "cancelled"]),
    error_code: z.string().nullable(),
    duration_ms: z.int(),
    model: z.string(),
    tokens_in: z.int(),
    tokens_out: z.int(),
    cost_usd_micros: z.int(),
    expires_at: z.string(),
  }),
  key: { pk: "SERVED_CALL#{id}", sk: "CALL" },
  expires: "expires_at",
});
export type ServedCall = ItemOf<typeof servedCallItem>;
