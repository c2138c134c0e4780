import * as z from "zod";
import { defineItem, type ItemOf } from "../../dynamo/item.ts";
import { environmentSchema } from "../../http/schemas.ts";
import { idSchema } from "../../ids.ts";
import { encryptedSecret } from "../../secrets/schema.ts";
import { defineStates } from "../../states.ts";
import { keptGrantSchema } from "../bundle.ts";

const apiKeyStatuses = ["active", "expired", "revoked"] as const;
export const apiKeyStatus = z.enum(apiKeyStatuses).meta({ id: "ApiKeyStatus" });

export const apiKeyStates = defineStates("api_key", apiKeyStatuses, [
  { from: [], to: "active", why: "It is made." },
  { from: ["active"], to: "expired", why: "Its time has come." },
  { from: ["active"], to: "revoked", why: "Somebody revokes it, or its owner is removed." },
]);

/** Why a key was revoked. */
export const revokedReason = z.enum(["requested", "owner_removed", "leaked"]).meta({ id: "ApiKeyRevokedReason" });

/** Whose rights a key has at most. */
export const keyOwnerTypes = ["user", "service_account"] as const;

/** What is stored of a key; of its secret, a hash that tells nothing without the pepper. */
export const apiKeySchema = z.object({
  id: idSchema("api_key"),
  organization_id: idSchema("organization"),
  name: z.string(),
  owner_type: z.enum(keyOwnerTypes),
  owner_id: z.string(),
  /** What it may do at most; less where its owner may less. */
  scopes: z.array(keptGrantSchema),
  status: apiKeyStatus,
  secret_hash: z.string(),
  /** The one before the last rotation; until when it counts beside the new one, if it does. */
  previous_hash: z.string().optional(),
  previous_until: z.string().optional(),
  allowed_addresses: z.array(z.string()),
  /** What it is confined to (`confines.ts`). */
  workspace_ids: z.array(idSchema("workspace")).default([]),
  environments: z.array(environmentSchema).default([]),
  /** Requests a minute. */
  rate_limit: z.int(),
  expires_at: z.string().nullable(),
  /** When a request came with it and was let in, to five minutes, and where from. */
  last_used_at: z.string().nullable(),
  last_used_ip: z.string().nullable(),
  created_by: z.string(),
  created_at: z.string(),
  updated_at: z.string(),
  rotated_at: z.string().nullable(),
  revoked_at: z.string().nullable(),
  revoked_reason: revokedReason.nullable(),
  /** Where it was found in public; may be empty. */
  leaked_url: z.string().optional(),
  /** Until when one that counts no more is kept as evidence. */
  kept_until: z.string().optional(),
  etag: z.string(),
});

export const apiKeyItem = defineItem({
  type: "api_key",
  summary: "A key by which programs call; read strongly with each of its requests.",
  schema: apiKeySchema,
  key: { pk: "API_KEY#{id}", sk: "API_KEY" },
  indexes: {
    gsi1: { pk: "API_KEYS", sk: "{id}" },
    gsi2: { pk: "API_KEYS_OF#{owner_id}", sk: "{id}" },
  },
  expires: "kept_until",
});
export type ApiKey = ItemOf<typeof apiKeyItem>;

/** Each further member is a counter, named after an operation and how requests to it came out (`usage.ts`). */
export const apiKeyUsageItem = defineItem({
  type: "api_key_usage",
  summary: "What an API key was used for on a day: requests by operation and outcome.",
  schema: z.looseObject({ api_key_id: idSchema("api_key"), day: z.string(), expires_at: z.string() }),
  key: { pk: "API_KEY_USAGE#{api_key_id}", sk: "{day}" },
  expires: "expires_at",
});

const accountStatuses = ["active", "suspended"] as const;
export const serviceAccountStatus = z.enum(accountStatuses).meta({ id: "ServiceAccountStatus" });

export const serviceAccountStates = defineStates("service_account", accountStatuses, [
  { from: [], to: "active", why: "It is made." },
  { from: ["active"], to: "suspended", why: "Somebody suspends it: its keys do nothing." },
  { from: ["suspended"], to: "active", why: "Somebody restores it." },
]);

export const serviceAccountItem = defineItem({
  type: "service_account",
  summary: "Whoever programs act as that are nobody's: a role, read strongly with each request of its keys.",
  schema: z.object({
    id: idSchema("service_account"),
    organization_id: idSchema("organization"),
    name: z.string(),
    description: z.string(),
    role: z.string(),
    status: serviceAccountStatus,
    created_by: z.string(),
    created_at: z.string(),
    updated_at: z.string(),
    etag: z.string(),
  }),
  key: { pk: "SERVICE_ACCOUNTS", sk: "{id}" },
});
export type ServiceAccount = ItemOf<typeof serviceAccountItem>;

/** The platform's: one for all keys, made with the first of them. */
export const pepperItem = defineItem({
  type: "api_key_pepper",
  summary: "What the hashes of all API keys' secrets are made with, encrypted.",
  schema: z.object({ sealed: encryptedSecret, created_at: z.string() }),
  key: { pk: "API_KEY_PEPPER", sk: "API_KEY_PEPPER" },
  append_only: true,
});
