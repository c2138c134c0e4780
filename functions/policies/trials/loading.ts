import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import { badReference } from "../../../shared/errors.ts";
import type { Call } from "../../../shared/http/call.ts";
import { requireAlso } from "../../../shared/http/permit.ts";
import { membershipItem, PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { readTeamIds } from "../../../shared/identity/team-tree.ts";
import type { PolicyBundle, PrincipalFacts } from "../../../shared/policies/language.ts";
import { definitionOf } from "../model.ts";
import { whoIs } from "../rules/trial.ts";
import { enforced, policyItem, policyVersionItem, type StoredPolicy } from "../store.ts";
import type { trialOperations } from "./operations.ts";
import { loadableOf } from "./resources.ts";

/** What is looked up for a simulation: only what its caller may read. */

type Simulating = Call<(typeof trialOperations)["simulate"]>;

/**
 * Whoever asks: a member with what is described over it, or somebody who is only described.
 * @throws Problem `reference_not_found` for who is no active member, `forbidden` or `policy_denied` for whoever may not read members
 */
export async function principalOf(call: Simulating, table: Table): Promise<PrincipalFacts> {
  const { user_id, principal } = call.body;
  const described = principal as Partial<PrincipalFacts>;
  if (user_id === undefined) return whoIs(described);
  requireAlso(call, "users:read", "Who is looked up");
  const member = await memberOf(table, call.caller.organization.id, user_id);
  if (member?.status !== "active") throw badReference("user_id", "is no active member of this organization");
  return whoIs({ ...member.facts, ...described });
}

/** A member as policies see them, whatever their status; undefined for who is none. */
export async function memberOf(table: Table, organization_id: string, user_id: string) {
  const tenant = table.of(organization_id);
  const [membership, user] = await table.batch([
    tenant.read(membershipItem, { user_id }),
    table.of(PLATFORM).read(userItem, { id: user_id }),
  ]);
  if (membership === undefined) return undefined;
  const { role, status } = membership;
  const teams = await readTeamIds(tenant, user_id);
  return { status, facts: { kind: "user", id: user_id, role, email: user?.email, teams } };
}

/** What it is about, as it is, with what is described over it; and of what type it is, where it was looked up. */
export async function thingOf(
  call: Simulating,
  table: Table,
): Promise<{ readonly type?: string; readonly fields: Readonly<Record<string, unknown>> }> {
  const { resource_id, resource } = call.body;
  const loadable = loadableOf(resource_id);
  if (loadable === undefined) return { fields: resource };
  requireAlso(call, loadable.permission, "What is looked up");
  const { caller, at } = call;
  const from = { table: table.of(caller.organization.id), path: loadable.path, caller, at, fresh: false };
  const thing = await loadable.resource.read(from);
  if (thing === undefined) throw badReference("resource_id");
  const fields = await loadable.resource.subject?.(thing, from);
  return { type: loadable.resource.type, fields: { ...fields, ...resource } };
}

/** A policy, and what it is to say: what it says now, or said in a version. */
export interface Wanted {
  readonly policy_id: string;
  readonly version?: number | undefined;
}

/**
 * The policies with one of them as if it were active.
 * @throws Problem `reference_not_found`
 */
export async function withInPlace(bundle: PolicyBundle, wanted: Wanted | undefined, tenant: TenantTable) {
  if (wanted === undefined) return bundle;
  const policy = await tenant.get(policyItem, { id: wanted.policy_id });
  if (policy === undefined) throw badReference("with.policy_id");
  return inPlace(bundle, await saying(policy, wanted.version, tenant, "with.version"));
}

/** A policy with what it said in a version. @throws Problem `reference_not_found`, at this path of the body */
export async function saying(
  policy: StoredPolicy,
  version: number | undefined,
  tenant: TenantTable,
  path: string,
): Promise<StoredPolicy> {
  if (version === undefined) return policy;
  const older = await tenant.get(policyVersionItem, { policy_id: policy.id, version });
  if (older === undefined) throw badReference(path, "is no version of this policy");
  return { ...policy, ...definitionOf(older), version };
}

export const inPlace = (bundle: PolicyBundle, policy: StoredPolicy): PolicyBundle => ({
  ...bundle,
  policies: [...bundle.policies.filter(({ id }) => id !== policy.id), enforced(policy, "active")],
});
