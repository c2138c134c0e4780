import { readRules, replaceRules } from "../../../shared/access/bundle.ts";
import { changedFields, draft } from "../../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { badReference, notFound, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { giveQuota, takeQuota } from "../../../shared/limits/quota.ts";
import { targets } from "../../../shared/policies/targets.ts";
import type { PolicyDeps } from "../deps.ts";
import { policyEvents } from "../events.ts";
import { definitionOf, type PolicyStatus, policyStates, toView } from "../model.ts";
import type { operations } from "../operations.ts";
import { checked } from "../rules/checking.ts";
import { checkedTests } from "../rules/tests.ts";
import { isInForce, policyItem, policyVersionItem, type StoredPolicy, withoutPolicy } from "../store.ts";
import { about, change, LARGEST_DELETION, versionOf, versionsUpTo } from "./change.ts";
import { requireAssignable } from "./references.ts";

type Ops = typeof operations;

export const create: Handler<Ops["create"], PolicyDeps> = async (call, { table }) => {
  const { caller, at } = call;
  const tenant = table.of(caller.organization.id);
  const { assignments, ...said } = checked(call.body);
  await requireAssignable(tenant, await readRules(tenant), assignments);
  const stamp = timestamp(at);
  const policy: StoredPolicy = {
    id: newId("policy", at),
    organization_id: caller.organization.id,
    ...said,
    assignments,
    tests: [],
    status: "draft",
    version: 1,
    created_by: caller.principal.id,
    created_at: stamp,
    updated_at: stamp,
    etag: newEtag(at),
  };
  return call.commit(
    {
      writes: [
        call.stillPermitted(),
        takeQuota(tenant, caller.organization.plan, "policies"),
        tenant.writes.create(policyItem, policy),
        tenant.writes.create(policyVersionItem, versionOf(policy, call)),
      ],
      events: [draft(policyEvents, "policy.created", policy, about(policy))],
    },
    toView(policy),
  );
};

export const update: Handler<Ops["update"], PolicyDeps> = (call, deps) =>
  change(call, deps, (read) => {
    const before = definitionOf(read);
    const next = checked({ ...before, ...present(call.body) });
    const changes = changedFields(before, next, { conceal: ["conditions", "description"] });
    if (changes.length === 0) return undefined;
    const changed_fields = changes.map(({ field }) => field);
    return {
      to: { ...next, version: read.version + 1 },
      says: (policy) =>
        draft(policyEvents, "policy.updated", policy, { ...about(policy), changed_fields }, { changes }),
    };
  });

export const rollback: Handler<Ops["rollback"], PolicyDeps> = (call, deps) =>
  change(call, deps, async (read, tenant) => {
    const { version } = call.body;
    const older = await tenant.get(policyVersionItem, { policy_id: read.id, version });
    if (older === undefined) throw badReference("version", "is no version of this policy");
    const [before, said] = [definitionOf(read), definitionOf(older)];
    // What could be said then may name what is gone by now: a type of things, an attribute.
    const next = checked(said);
    const changes = changedFields(before, next, { conceal: ["conditions", "description"] });
    if (changes.length === 0) return undefined;
    const changed_fields = changes.map(({ field }) => field);
    return {
      to: { ...next, version: read.version + 1 },
      says: (policy) =>
        draft(policyEvents, "policy.updated", policy, { ...about(policy), changed_fields }, { changes }),
    };
  });

export const assign: Handler<Ops["assign"], PolicyDeps> = (call, deps) =>
  change(call, deps, async (read, tenant, rules) => {
    const { assignments } = call.body;
    if (JSON.stringify(assignments) === JSON.stringify(read.assignments)) return undefined;
    await requireAssignable(tenant, rules, assignments);
    return {
      to: { assignments },
      says: (policy) => draft(policyEvents, "policy.assigned", policy, { ...about(policy), assignments }),
    };
  });

export const setTests: Handler<Ops["setTests"], PolicyDeps> = (call, deps) =>
  change(call, deps, (read) => {
    const tests = checkedTests(call.body.tests, read);
    if (JSON.stringify(tests) === JSON.stringify(read.tests)) return undefined;
    const changes = changedFields({ tests: read.tests }, { tests }, { conceal: ["tests"] });
    return {
      to: { tests },
      says: (policy) =>
        draft(
          policyEvents,
          "policy.updated",
          policy,
          { ...about(policy), changed_fields: changes.map(({ field }) => field) },
          { changes },
        ),
    };
  });

/** Puts a policy among the rules, to be enforced or watched. It was checked when it was saved, by what could be said then. */
const putInForce =
  (status: "active" | "shadow", event: "policy.activated" | "policy.shadowed") =>
  (call: Parameters<typeof change>[0], deps: PolicyDeps) =>
    change(call, deps, (read) => {
      move(read, status);
      return {
        to: { ...checked(definitionOf(read)), status },
        says: (policy) => draft(policyEvents, event, policy, about(policy)),
      };
    });

export const activate: Handler<Ops["activate"], PolicyDeps> = putInForce("active", "policy.activated");

export const shadow: Handler<Ops["shadow"], PolicyDeps> = putInForce("shadow", "policy.shadowed");

export const deactivate: Handler<Ops["deactivate"], PolicyDeps> = (call, deps) =>
  change(call, deps, (read) => {
    move(read, "inactive");
    return {
      to: { status: "inactive" },
      says: (policy) => draft(policyEvents, "policy.deactivated", policy, about(policy)),
    };
  });

export const remove: Handler<Ops["remove"], PolicyDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const tenant = table.of(call.caller.organization.id);
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    const rules = await readRules(tenant);
    return call.commit(
      {
        writes: [
          call.stillPermitted(),
          tenant.writes.remove(policyItem, { id: read.id }, { equals: { etag: read.etag } }, (old) =>
            old === undefined ? notFound() : lostRace(),
          ),
          giveQuota(tenant, "policies"),
          ...versionsUpTo(read.version).map((version) =>
            tenant.writes.remove(policyVersionItem, { policy_id: read.id, version }, {}),
          ),
          ...(isInForce(read.status) ? replaceRules(tenant, rules, withoutPolicy(rules, read.id)) : []),
        ],
        events: [draft(policyEvents, "policy.deleted", read, about(read))],
        largest: LARGEST_DELETION,
      },
      undefined,
    );
  });

export const setDefaults: Handler<Ops["setDefaults"], PolicyDeps> = (call, { table }) => {
  const denied_by_default = [...new Set(call.body.denied_by_default)].sort();
  const unknown = denied_by_default.findIndex((type) => !Object.hasOwn(targets, type));
  if (unknown >= 0)
    throw new Problem("validation_failed", "There is no such type of things.", {
      issues: [{ path: `denied_by_default.${unknown}`, message: `must be one of ${Object.keys(targets).join(", ")}` }],
    });
  return updateWithRetry(undefined, async () => {
    const tenant = table.of(call.caller.organization.id);
    const rules = await readRules(tenant);
    const { version: _, ...others } = rules;
    return call.commit(
      {
        writes: [call.stillPermitted(), ...replaceRules(tenant, rules, { ...others, denied_by_default })],
        events: [
          draft(policyEvents, "policy.defaults_changed", { id: call.caller.organization.id }, { denied_by_default }),
        ],
      },
      { denied_by_default },
    );
  });
};

/** @throws Problem `conflict` where it is in another state */
function move(read: StoredPolicy, to: PolicyStatus): void {
  if (!policyStates.allows(read.status, to)) throw policyStates.refusal(read.status, to);
}

/** Only what was sent. */
const present = <T extends object>(sent: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== undefined)) as never;
