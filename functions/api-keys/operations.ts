import * as z from "zod";
import { networksSchema } from "../../shared/access/network-text.ts";
import { operation } from "../../shared/http/operation.ts";
import { nameSchema, pageOf, pageQuery, timestampSchema } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { accountOperations } from "./accounts/operations.ts";
import { leakOperations } from "./leaks/operations.ts";
import {
  apiKeyView,
  confinedEnvironments,
  confinedWorkspaces,
  newApiKeyView,
  overlapSchema,
  ownerIdSchema,
  rateSchema,
  STEP_UP,
  scopesSchema,
  usualRate,
} from "./model.ts";
import { apiKeyResource } from "./store.ts";
import { usageOperations } from "./usage/operations.ts";

const path = z.object({ api_key_id: idSchema("api_key") });

const expiry = timestampSchema.nullable().meta({
  description: "From then on it is refused; up to two years ahead. Null for one that does not end by itself.",
});
const addresses = networksSchema.meta({
  description: "Addresses and networks that its requests may come from; empty: all that the organization allows.",
});

/** What the room's `api` function answers. */
export const apiOperations = {
  create: operation({
    id: "api_keys.create",
    method: "POST",
    path: "/api-keys",
    summary: "Make an API key",
    description:
      "The key is shown in this answer and never again. It acts for whoever makes it, or for a service account, within its scopes and within what they may at that moment: who is given a smaller role, suspended or removed takes the key along. Scopes that are more than the caller's own permissions are refused.",
    permission: "api_keys:create",
    besides: ["service_accounts:update"],
    resource: { type: "api_key", create: true },
    request: {
      body: z.strictObject({
        name: nameSchema,
        scopes: scopesSchema,
        service_account_id: idSchema("service_account").nullable().default(null).meta({
          description: "For whom it acts instead of the caller; needs `service_accounts:update` too.",
        }),
        allowed_addresses: addresses.default([]),
        workspace_ids: confinedWorkspaces.default([]),
        environments: confinedEnvironments.default([]),
        rate_limit: usualRate,
        expires_at: expiry.default(null),
      }),
    },
    response: newApiKeyView,
    success: 201,
    errors: ["quota_exceeded", "reference_not_found"],
    sensitive: true,
    step_up: STEP_UP,
  }),
  list: operation({
    id: "api_keys.list",
    method: "GET",
    path: "/api-keys",
    summary: "List API keys",
    description: "By when they were made. Those that count no more are among them until their evidence is erased.",
    permission: "api_keys:read",
    resource: { type: "api_key", list: true },
    request: {
      query: z.strictObject({
        ...pageQuery,
        owner_id: ownerIdSchema.optional().meta({ description: "Only those of this member or service account." }),
      }),
    },
    response: pageOf(apiKeyView),
    success: 200,
    errors: [],
  }),
  get: operation({
    id: "api_keys.get",
    method: "GET",
    path: "/api-keys/{api_key_id}",
    summary: "Read an API key",
    permission: "api_keys:read",
    resource: apiKeyResource,
    request: { path },
    response: apiKeyView,
    success: 200,
    errors: [],
  }),
  update: operation({
    id: "api_keys.update",
    method: "PATCH",
    path: "/api-keys/{api_key_id}",
    summary: "Change an API key",
    description:
      "From the next request on. Scopes that are added are not more than the caller's own permissions. A key of somebody else needs `users:update` too, one of a service account `service_accounts:update`.",
    permission: "api_keys:update",
    besides: ["service_accounts:update", "users:update"],
    resource: apiKeyResource,
    request: {
      path,
      body: z.strictObject({
        name: nameSchema.optional(),
        scopes: scopesSchema.optional(),
        allowed_addresses: addresses.optional(),
        workspace_ids: confinedWorkspaces.optional(),
        environments: confinedEnvironments.optional(),
        rate_limit: rateSchema.optional(),
        expires_at: expiry.optional(),
      }),
    },
    response: apiKeyView,
    success: 200,
    errors: ["conflict", "precondition_failed", "reference_not_found"],
    step_up: STEP_UP,
  }),
  rotate: operation({
    id: "api_keys.rotate",
    method: "POST",
    path: "/api-keys/{api_key_id}/rotate",
    summary: "Give an API key another secret",
    description:
      "The new key is shown in this answer and never again; the one before counts for as long as `overlap_hours` says. Only its owner does this, since whoever sees a key can act by it; for a service account whoever holds `service_accounts:update` and all that its scopes cover.",
    permission: "api_keys:update",
    besides: ["service_accounts:update", "users:update"],
    resource: apiKeyResource,
    request: { path, body: z.strictObject({ overlap_hours: overlapSchema }) },
    response: newApiKeyView,
    success: 200,
    errors: ["conflict"],
    sensitive: true,
    step_up: STEP_UP,
  }),
  revoke: operation({
    id: "api_keys.revoke",
    method: "DELETE",
    path: "/api-keys/{api_key_id}",
    summary: "Revoke an API key",
    description:
      "It is refused from the next request on, and runs that it started stop at their next step. What is known of it is kept as long as the audit trail. A key of somebody else needs `users:update` too, one of a service account `service_accounts:update`.",
    permission: "api_keys:delete",
    besides: ["service_accounts:update", "users:update"],
    resource: apiKeyResource,
    request: { path },
    response: "none",
    success: 204,
    errors: ["conflict"],
  }),
  ...usageOperations,
  ...accountOperations,
} as const;

export const operations = { ...apiOperations, ...leakOperations } as const;
