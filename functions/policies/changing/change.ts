import { type AccessRules, readRules, replaceRules } from "../../../shared/access/bundle.ts";
import type { EventDraft } from "../../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Call } from "../../../shared/http/call.ts";
import { newEtag } from "../../../shared/ids.ts";
import { checkStatus } from "../../../shared/policies/check.ts";
import type { PolicyDeps } from "../deps.ts";
import { definitionOf, toView } from "../model.ts";
import type { operations } from "../operations.ts";
import { requirePassing } from "../rules/tests.ts";
import {
  bundleOf,
  isInForce,
  policyItem,
  policyVersionItem,
  type StoredPolicy,
  type StoredVersion,
  withPolicy,
} from "../store.ts";

type Ops = typeof operations;

/** What becomes of a policy, and how it is told. */
export interface Change {
  readonly to: Partial<StoredPolicy>;
  says(policy: StoredPolicy): EventDraft;
}

type Changing =
  | Call<Ops["update"]>
  | Call<Ops["rollback"]>
  | Call<Ops["assign"]>
  | Call<Ops["activate"]>
  | Call<Ops["shadow"]>
  | Call<Ops["deactivate"]>
  | Call<Ops["setTests"]>;

/**
 * Changes a policy, and with it the rules of the organization where it is in force before or after: two who change at the same
 * moment are taken one after the other, each judged by what the other left. What is in force passes its tests, by the very rules that
 * the transaction puts in place: it replaces those that were read, or is judged anew.
 */
export function change(
  call: Changing,
  { table }: PolicyDeps,
  decide: (
    read: StoredPolicy,
    tenant: TenantTable,
    rules: AccessRules,
  ) => Change | undefined | Promise<Change | undefined>,
) {
  return updateWithRetry(call.if_match, async (how) => {
    const tenant = table.of(call.caller.organization.id);
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    const rules = await readRules(tenant);
    const changing = await decide(read, tenant, rules);
    if (changing === undefined) return toView(read);
    const next: StoredPolicy = { ...read, ...changing.to, updated_at: timestamp(call.at), etag: newEtag(call.at) };
    requireEnforceable(next);
    const inForce = isInForce(read.status) || isInForce(next.status);
    const after = withPolicy(rules, next);
    if (next.status === "active") requirePassing(next.tests, bundleOf(after));
    const writes: Write[] = [
      call.stillPermitted(),
      tenant.writes.replace(policyItem, next, read.etag),
      ...(next.version === read.version ? [] : versionWrites(tenant, next, call)),
      ...(inForce ? replaceRules(tenant, rules, after) : []),
    ];
    return call.commit({ writes, events: [changing.says(next)] }, toView(next));
  });
}

/** @throws Problem `conflict` for one that would be in force with an effect that cannot be enforced */
function requireEnforceable({ effect, status }: StoredPolicy): void {
  const [issue] = checkStatus(effect, status);
  if (issue !== undefined)
    throw new Problem("conflict", `The status ${issue.message}.`, { members: { state: status } });
}

/** A policy keeps so many versions, so that it goes with all of them in one transaction. */
const MOST_VERSIONS = 50;
/** The policy, its place in the count, its versions; the rules, the organization, the proofs, the event and its entry, the answer. */
export const LARGEST_DELETION = MOST_VERSIONS + 10;

/** The versions that are kept of a policy whose newest is this. */
export const versionsUpTo = (newest: number): number[] =>
  Array.from({ length: Math.min(newest, MOST_VERSIONS) }, (_, index) => newest - index);

/** A new version, in the place of the oldest one where there is no more room. */
function versionWrites(tenant: TenantTable, next: StoredPolicy, call: Pick<Changing, "caller" | "at">): Write[] {
  const oldest = next.version - MOST_VERSIONS;
  return [
    tenant.writes.create(policyVersionItem, versionOf(next, call)),
    ...(oldest < 1 ? [] : [tenant.writes.remove(policyVersionItem, { policy_id: next.id, version: oldest }, {})]),
  ];
}

export const versionOf = (policy: StoredPolicy, { caller, at }: Pick<Changing, "caller" | "at">): StoredVersion => ({
  policy_id: policy.id,
  version: policy.version,
  ...definitionOf(policy),
  created_by: caller.principal.id,
  created_at: timestamp(at),
});

export const about = ({ id, name, version, status }: StoredPolicy) => ({ policy_id: id, name, version, status });
