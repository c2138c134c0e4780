import * as z from "zod";
import { defineItem } from "../dynamo/item.ts";
import type { TenantTable } from "../dynamo/table.ts";
import type { Write } from "../dynamo/write.ts";
import { Problem } from "../errors.ts";
import type { Organization } from "../identity/items.ts";
import { type PlanLimits, plans, UNLIMITED } from "./plans.ts";

/** What a plan limits by number: how many there may be at a time. */
export type CountedResource = keyof Pick<
  PlanLimits,
  | "users"
  | "invitations"
  | "domains"
  | "teams"
  | "roles"
  | "policies"
  | "workspaces"
  | "agents"
  | "pipelines"
  | "schedules"
  | "suites"
  | "suite_runs"
  | "webhooks"
  | "api_keys"
  | "audit_streams"
  | "gateways"
  | "deployments"
  | "service_accounts"
  | "model_providers"
  | "sso_connections"
  | "live_runs"
  | "queued_runs"
  | "approvals"
>;

/** What registration makes and a plan's number does not count: the number is what people may add. */
const INCLUDED: Readonly<Record<CountedResource, number>> = {
  users: 0,
  invitations: 0,
  domains: 0,
  teams: 0,
  roles: 0,
  policies: 0,
  workspaces: 1,
  agents: 0,
  pipelines: 0,
  schedules: 0,
  suites: 0,
  suite_runs: 0,
  webhooks: 0,
  api_keys: 0,
  audit_streams: 0,
  gateways: 0,
  deployments: 0,
  service_accounts: 0,
  model_providers: 0,
  sso_connections: 0,
  live_runs: 0,
  queued_runs: 0,
  approvals: 0,
};

/** Everything that is counted. */
export const countedResources = Object.keys(INCLUDED) as readonly CountedResource[];

/** How many of a resource an organization on this plan may have. */
export function limitOf(plan: Organization["plan"], resource: CountedResource): number {
  const planned = plans[plan][resource];
  return planned === UNLIMITED ? UNLIMITED : planned + INCLUDED[resource];
}

/** What frees a place. */
const REMEDY: Readonly<Record<CountedResource, string>> = {
  users: "Remove a member",
  invitations: "Revoke one",
  domains: "Give one up",
  teams: "Delete one",
  roles: "Delete one",
  policies: "Delete one",
  workspaces: "Delete one",
  agents: "Archive one",
  pipelines: "Archive one",
  schedules: "Delete one",
  suites: "Delete one",
  suite_runs: "Wait until one ends, or cancel one",
  webhooks: "Delete one",
  api_keys: "Revoke one",
  audit_streams: "Delete one",
  gateways: "Delete one",
  deployments: "Delete one",
  service_accounts: "Delete one",
  model_providers: "Delete one",
  sso_connections: "Delete one",
  live_runs: "Wait until one ends",
  queued_runs: "Wait until one begins, or stop one",
  approvals: "Decide one",
};

/** How many of a resource an organization has. Created and given back one at a time, in the transaction of the change. */
export const quotaItem = defineItem({
  type: "quota",
  summary: "How many of a resource the organization has, against its plan's limit.",
  schema: z.object({
    resource: z.string(),
    used: z.number().int(),
    /** Of what is waited for: somebody does, and comes before those who ask later. */
    contended: z.literal(true).optional(),
  }),
  key: { pk: "QUOTAS", sk: "{resource}" },
});

/**
 * The write that takes one place, or several for a change that makes several. Part of the transaction that makes the
 * things, so parallel requests cannot pass the limit together.
 * @returns a write that refuses with 402 `quota_exceeded`, naming the limit and the usage
 */
export function takeQuota(
  table: TenantTable,
  plan: Organization["plan"],
  resource: CountedResource,
  places = 1,
): Write {
  const limit = limitOf(plan, resource);
  const last = limit - places;
  // Who has none yet has no item, which is below any limit but one that is too small for these.
  const none = last < 0 ? [] : [{ absent: ["used"] as const }];
  const free = limit === UNLIMITED ? {} : { any: [...none, { below: { used: last + 1 } }] };
  return table.writes.update(
    quotaItem,
    { resource },
    { set: { resource }, add: { used: places } },
    free,
    (old) =>
      new Problem(
        "quota_exceeded",
        `The plan ${plan} has room for ${limit} ${resource.replace("_", " ")}; ${old?.used ?? 0} are in use. ${REMEDY[resource]}, or change the plan.`,
        { members: { resource, limit, usage: old?.used ?? 0 } },
      ),
  );
}

/** The write that gives one place back. */
export const giveQuota = (table: TenantTable, resource: CountedResource): Write =>
  table.writes.update(
    quotaItem,
    { resource },
    { add: { used: -1 } },
    { at_least: { used: 1 } },
    () => new Problem("conflict", `No ${resource} are counted.`),
  );

/** How many of each resource an organization has: one strongly consistent query. */
export async function quotasOf(table: TenantTable): Promise<Readonly<Partial<Record<string, number>>>> {
  const used: Record<string, number> = {};
  for await (const { resource, used: count } of table.all(quotaItem, { of: {} })) used[resource] = count;
  return used;
}
