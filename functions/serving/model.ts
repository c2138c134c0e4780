import * as z from "zod";
import { environmentSchema } from "../../shared/http/schemas.ts";
import { organizationItem } from "../../shared/identity/items.ts";
import { idSchema } from "../../shared/ids.ts";

/** Ways in which an endpoint can be asked. */
export const channels = ["rest", "openai"] as const;
export type Channel = (typeof channels)[number];

/** Two at most: what is served, and what is tried beside it. */
const MOST_SERVED = 2;
export const MOST_KEYS = 20;
export const MOST_ORIGINS = 20;

/** A key of an endpoint, as the data plane knows it: nobody can make it again from that. */
export const servedKeySchema = z.object({
  id: idSchema("deployment_key"),
  /** SHA-256 of the key's text without its checksum: 256 random bits need no pepper. */
  hash: z.string(),
  expires_at: z.string().nullable(),
});

/** What people decide of an endpoint. */
export const endpointSettings = z.object({
  channels: z.object({ rest: z.boolean(), openai: z.boolean() }),
  allowed_origins: z.array(z.string()).max(MOST_ORIGINS),
  requests_per_minute: z.int().min(1),
});
export type EndpointSettings = z.output<typeof endpointSettings>;

/**
 * What is served of a thing on a gateway, and to whom: one document, told as a whole with each change, of which a later one is never
 * replaced by one before it.
 */
export const endpointSchema = endpointSettings.extend({
  gateway_id: idSchema("gateway"),
  target_id: z.string(),
  name: z.string(),
  environment: environmentSchema,
  /** Counts its changes. */
  revision: z.int().min(1),
  plan: organizationItem.schema.shape.plan,
  /** False while its organization is suspended. */
  open: z.boolean(),
  serves: z
    .array(z.object({ deployment_id: idSchema("deployment"), weight: z.int().min(1).max(100) }))
    .max(MOST_SERVED),
  keys: z.array(servedKeySchema).max(MOST_KEYS),
});
export type Endpoint = z.output<typeof endpointSchema>;

/** What a deployment is, word for word as it is signed (canonical JSON). */
export const statementSchema = z.object({
  organization_id: idSchema("organization"),
  gateway_id: idSchema("gateway"),
  target_id: z.string(),
  deployment_id: idSchema("deployment"),
  version: z.int().min(1),
  digest: z.string(),
});
export type Statement = z.output<typeof statementSchema>;
