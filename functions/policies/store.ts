import * as z from "zod";
import type { AccessRules } from "../../shared/access/bundle.ts";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import { Problem } from "../../shared/errors.ts";
import { defineResource } from "../../shared/http/resource.ts";
import { idSchema } from "../../shared/ids.ts";
import type { EnforcedPolicy, PolicyBundle } from "../../shared/policies/language.ts";
import { MOST_ENFORCED_BYTES, type PolicyStatus, policySchema, policyVersionSchema } from "./model.ts";
import { storedTestsSchema } from "./rules/tests.ts";

export const policyItem = defineItem({
  type: "policy",
  summary: "A policy of the organization; what is enforced of it stands in `access_rules`, too.",
  schema: policySchema.extend({
    /** Requests whose outcome it has to have to be in force. Kept as they were checked when they were said. */
    tests: storedTestsSchema,
    etag: z.string(),
  }),
  key: { pk: "POLICY#{id}", sk: "POLICY" },
  indexes: { gsi1: { pk: "POLICIES#{status}", sk: "{id}" }, gsi2: { pk: "POLICIES", sk: "{id}" } },
  json: ["conditions", "tests"],
});
export type StoredPolicy = ItemOf<typeof policyItem>;

export const policyVersionItem = defineItem({
  type: "policy_version",
  summary: "What a policy said in one of its versions.",
  schema: policyVersionSchema,
  key: { pk: "POLICY#{policy_id}", sk: "VERSION#{version}" },
  json: ["conditions"],
});
export type StoredVersion = ItemOf<typeof policyVersionItem>;

export const policyPath = z.object({ policy_id: idSchema("policy") });

export const policyResource = defineResource({
  type: "policy",
  path: ["policy_id"],
  item: policyItem,
  key: ({ policy_id }) => ({ id: policy_id }),
});

/** What a policy said in one of its versions. */
export const policyVersionResource = defineResource({
  type: "policy",
  path: ["policy_id", "number"],
  item: policyVersionItem,
  key: ({ policy_id, number }) => ({ policy_id, version: number }),
});

/** A policy as it stands among the rules. */
export const enforced = (policy: StoredPolicy, status: EnforcedPolicy["status"]): EnforcedPolicy => ({
  id: policy.id,
  name: policy.name,
  effect: policy.effect,
  resource_type: policy.resource_type,
  action: policy.action,
  conditions: policy.conditions,
  assignments: policy.assignments,
  status,
  version: policy.version,
});

export type Rules = Omit<AccessRules, "version">;

/** Whether a policy is among the rules that requests are judged by: it decides, or it is watched what it would decide. */
export const isInForce = (status: PolicyStatus): status is EnforcedPolicy["status"] =>
  status === "active" || status === "shadow";

/**
 * The rules with a policy as it is now: among them where it is active or in shadow, else not.
 * @throws Problem `quota_exceeded` where what is enforced has no room
 */
export function withPolicy({ version: _, ...rules }: AccessRules, policy: StoredPolicy): Rules {
  const others = (rules.policies ?? []).filter(({ id }) => id !== policy.id);
  const { status } = policy;
  if (!isInForce(status)) return { ...rules, policies: others };
  const policies = [...others, enforced(policy, status)].sort((a, b) => (a.id < b.id ? -1 : 1));
  const bytes = Buffer.byteLength(JSON.stringify(policies));
  if (bytes <= MOST_ENFORCED_BYTES) return { ...rules, policies };
  throw new Problem(
    "quota_exceeded",
    `All policies that are active or in shadow may have ${MOST_ENFORCED_BYTES} bytes together as JSON, and would have ${bytes}. Deactivate one, or say the same with fewer conditions.`,
    { members: { limit: MOST_ENFORCED_BYTES, used: bytes } },
  );
}

/** The rules without a policy. */
export const withoutPolicy = ({ version: _, ...rules }: AccessRules, id: string): Rules => ({
  ...rules,
  policies: (rules.policies ?? []).filter((policy) => policy.id !== id),
});

/** The rules as the engine takes them. */
export const bundleOf = ({ policies = [], denied_by_default = [] }: Rules): PolicyBundle => ({
  policies,
  denied_by_default,
});
