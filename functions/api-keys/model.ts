import * as z from "zod";
import {
  type ApiKey,
  apiKeySchema,
  apiKeyStatus,
  keyOwnerTypes,
  revokedReason,
} from "../../shared/access/keys/items.ts";
import { beyondGrants } from "../../shared/access/keys/scopes.ts";
import { allGrants, type Grant } from "../../shared/access/permissions.ts";
import { changedFields, type FieldChange } from "../../shared/change/events.ts";
import { timestamp } from "../../shared/clock.ts";
import { environments } from "../../shared/environments.ts";
import { invalid } from "../../shared/http/parse.ts";
import { environmentSchema } from "../../shared/http/schemas.ts";
import { idPrefixes, idSchema } from "../../shared/ids.ts";
import { addDays } from "../../shared/limits/retention.ts";

/** Requests a minute of a key that says nothing else, and at most. */
export const USUAL_RATE = 60;
export const MOST_RATE = 10_000;
/** Two years, one of them a leap year. */
const LONGEST_DAYS = 731;
const MOST_SCOPES = 100;
/** Each is a check of the transaction that names it. */
const MOST_WORKSPACES = 20;
/** How long the secret before a rotation may count beside the new one. */
const LONGEST_OVERLAP_HOURS = 7 * 24;

/** Minutes within which a factor was proved: a key outlives the sign-in by which it is made. So no key makes another one. */
export const STEP_UP = 30;

const distinct = <T>(list: T[]): T[] => [...new Set(list)];

export const scopesSchema = z
  .array(z.enum(allGrants as [Grant, ...Grant[]]).meta({ id: "Scope" }))
  .min(1)
  .max(MOST_SCOPES)
  .overwrite(distinct)
  .meta({
    description:
      "What it may do at most: permissions, `resource:*`, `*:action` or `*`. `GET /api-keys/scopes` lists them with what they open. Never more than its owner may at that moment.",
    example: ["agents:read"],
  });

export const confinedWorkspaces = z.array(idSchema("workspace")).max(MOST_WORKSPACES).overwrite(distinct).meta({
  description:
    "Workspaces to which it is confined: it reaches agents, pipelines and their runs that are in one of these, and nothing that is the whole organization's. Empty: it is confined to none.",
});

export const confinedEnvironments = z.array(environmentSchema).max(environments.length).overwrite(distinct).meta({
  description:
    "Environments to which it is confined: it reaches what is meant for one of these, and nothing that is of no environment. Empty: it is confined to none.",
});

export const rateSchema = z
  .int()
  .min(1)
  .max(MOST_RATE)
  .meta({ description: "Requests a minute.", example: USUAL_RATE });
export const usualRate = rateSchema.default(USUAL_RATE);

export const overlapSchema = z.int().min(0).max(LONGEST_OVERLAP_HOURS).default(0).meta({
  description: "For how many hours the secret before counts too, so that programs can be changed one by one.",
});

export const previousUntil = z.string().nullable().meta({
  description: "Until when the secret before the last rotation counts too; null where it does not.",
  example: "2026-02-01T12:00:00.000Z",
});

/** Whose rights it has at most. */
export const ownerView = z
  .object({ type: z.enum(keyOwnerTypes), id: z.string().meta({ example: "usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC" }) })
  .meta({ id: "ApiKeyOwner", description: "Whose rights the key has at most." });

/** The id of whoever owns keys. */
export const ownerIdSchema = z
  .string()
  .regex(
    new RegExp(`^(${idPrefixes.user}|${idPrefixes.service_account})_[0-9A-HJKMNP-TV-Z]{26}$`),
    "must be the id of a member or of a service account",
  )
  .meta({ example: "usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC" });

/** A key as the API shows it: everything but its secret. */
export const apiKeyView = z
  .object({
    id: idSchema("api_key"),
    organization_id: idSchema("organization"),
    name: apiKeySchema.shape.name,
    owner: ownerView,
    scopes: z.array(z.string()).meta({ example: ["agents:read"] }),
    status: apiKeyStatus,
    allowed_addresses: z.array(z.string()).meta({
      description:
        "Networks in CIDR notation that its requests may come from; empty: all that the organization allows.",
      example: ["192.0.2.0/24"],
    }),
    workspace_ids: confinedWorkspaces,
    environments: confinedEnvironments,
    rate_limit: rateSchema,
    expires_at: z.string().nullable().meta({ description: "Null for one that does not end by itself." }),
    last_used: z
      .object({ at: z.string(), ip: z.string().meta({ example: "192.0.2.17" }) })
      .meta({ id: "ApiKeyUse" })
      .nullable()
      .meta({ description: "When a request came with it, to five minutes, and where from; null for never." }),
    previous_secret_until: previousUntil,
    created_by: z.string().meta({ example: "usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC" }),
    created_at: z.string(),
    updated_at: z.string(),
    rotated_at: z.string().nullable(),
    revoked_at: z.string().nullable(),
    revoked_reason: revokedReason.nullable().meta({
      description:
        "`owner_removed`: whose key it was belongs to the organization no more. `leaked`: it was found in public.",
    }),
  })
  .meta({
    id: "ApiKey",
    description: "A key by which programs call the API: its scopes, within what its owner may at that moment.",
  });

/** The same when it has just been made or rotated. */
export const newApiKeyView = apiKeyView
  .extend({
    key: z.string().meta({
      description: "Shown this once. Send it as `Authorization: Bearer …` or `X-API-Key`.",
      example: "ks_live_01JDQ4…",
    }),
  })
  .meta({ id: "NewApiKey", description: "An API key with its text." });

/** A key as it is shown. */
export const viewOf = (key: ApiKey): z.input<typeof apiKeyView> => ({
  ...key,
  owner: { type: key.owner_type, id: key.owner_id },
  last_used: key.last_used_at === null ? null : { at: key.last_used_at, ip: key.last_used_ip ?? "" },
  previous_secret_until: key.previous_until ?? null,
});

/** What a key may do, by lists: whoever asks later what it could has to find them. */
const LISTS = ["scopes", "allowed_addresses", "workspace_ids", "environments"] as const;

/** What a change of a key has changed, as the trail keeps it. */
export const changesOf = (before: ApiKey, after: ApiKey): FieldChange[] =>
  changedFields(before, after).map((change) => {
    const list = LISTS.find((name) => name === change.field);
    return list === undefined ? change : { field: list, old: before[list], new: after[list] };
  });

/** When a key ends, as it is kept. @throws Problem `validation_failed` for what is over, or too far ahead */
export function endOf(expires_at: string | null, at: Date): string | null {
  if (expires_at === null) return null;
  const end = new Date(expires_at);
  if (end <= at) throw invalid([{ path: "expires_at", message: "is over already" }]);
  if (end > addDays(at, LONGEST_DAYS)) throw invalid([{ path: "expires_at", message: "is more than two years ahead" }]);
  return timestamp(end);
}

/** So many days before its end the owner of a key is told. */
const TOLD_DAYS = [14, 3] as const;
const DAY_MS = 86_400_000;

/** When a key is looked at next: when its owner is told of its end, or at that end. */
export function nextLook(expires_at: string, at: Date): Date {
  const end = Date.parse(expires_at);
  const times = TOLD_DAYS.map((days) => end - days * DAY_MS);
  return new Date(times.find((time) => time > at.getTime()) ?? end);
}

/** Of how many days before its end a look at this time tells; undefined where it tells of none. */
export function daysLeft(expires_at: string, at: Date): number | undefined {
  const left = (Date.parse(expires_at) - at.getTime()) / DAY_MS;
  return left > TOLD_DAYS[0] || left <= 0 ? undefined : Math.ceil(left);
}

/** What of these scopes is new beside others, and beyond some grants; undefined where nothing is. */
export const beyond = (scopes: readonly Grant[], grants: readonly Grant[], before: readonly Grant[] = []) =>
  beyondGrants(scopes, [...grants, ...before]);
