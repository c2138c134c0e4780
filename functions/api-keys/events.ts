import * as z from "zod";
import { revokedReason } from "../../shared/access/keys/items.ts";
import { defineEvents } from "../../shared/change/events.ts";
import { ownerView, previousUntil } from "./model.ts";

const key = z.object({
  api_key_id: z.string(),
  name: z.string(),
  owner: ownerView,
});

const account = z.object({ service_account_id: z.string(), name: z.string(), role: z.string() });

export const apiKeyEvents = defineEvents({
  "api_key.created": {
    summary: "An API key was made.",
    resource: "api_key",
    data: key.extend({
      scopes: z.array(z.string()),
      workspace_ids: z.array(z.string()),
      environments: z.array(z.string()),
      expires_at: z.string().nullable(),
    }),
  },
  "api_key.updated": {
    summary: "An API key was changed.",
    resource: "api_key",
    data: key.extend({ changed_fields: z.array(z.string()) }),
  },
  "api_key.rotated": {
    summary: "An API key was given another secret.",
    resource: "api_key",
    data: key.extend({ previous_secret_until: previousUntil }),
  },
  "api_key.revoked": {
    summary: "An API key counts no more: somebody has revoked it, or its owner was removed.",
    resource: "api_key",
    data: key.extend({ reason: revokedReason }),
  },
  "api_key.leaked": {
    summary: "An API key was found in public by somebody who looks for that. It was revoked.",
    resource: "api_key",
    data: key.extend({
      url: z.string().meta({
        description: "Where it was found; may be empty.",
        example: "https://github.com/acme/studio/blob/main/.env",
      }),
      source: z.string().meta({ description: "In what kind of place, as the finder calls it.", example: "commit" }),
    }),
  },
  "api_key.expired": { summary: "An API key has come to its end.", resource: "api_key", data: key },
  "service_account.created": { summary: "A service account was made.", resource: "service_account", data: account },
  "service_account.updated": {
    summary: "A service account was changed: its name, its role, whether it may do anything.",
    resource: "service_account",
    data: account.extend({ changed_fields: z.array(z.string()) }),
  },
  "service_account.deleted": {
    summary: "A service account was deleted; its keys are refused from then on.",
    resource: "service_account",
    data: account,
  },
});
