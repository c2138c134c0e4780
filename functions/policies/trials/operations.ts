import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { pageOf } from "../../../shared/http/schemas.ts";
import { checkedView, definition, referenceView } from "../model.ts";
import { seesNames } from "../rules/references.ts";
import { policyPath, policyResource, policyVersionResource } from "../store.ts";
import { NOTHING, number, policyDiffView, simulatedView, simulationSchema, testedView } from "./model.ts";
import { loadableOf, readsThings } from "./resources.ts";

/** What is about to be looked up is what policies are asked about, where its caller may read it. */
const simulation = {
  type: "policy",
  create: true,
  target: ({ resource_id }: { readonly resource_id?: unknown }) => loadableOf(resource_id),
} as const;

export const trialOperations = {
  simulate: operation({
    id: "policies.simulate",
    method: "POST",
    path: "/policies/simulate",
    summary: "What policies would decide about a request",
    description:
      "By the policies that are active now, with one of your choice put in place where `with` names it. Nothing is changed, and whether a role grants what is asked is not looked at: policies are asked after it. Looking up a member needs `users:read`, looking up a thing needs to be allowed to read it; what is described stands over what was looked up, so that you can see what one change would make of it.",
    permission: "policies:evaluate",
    besides: ["users:read", ...readsThings],
    resource: simulation,
    request: { body: simulationSchema },
    response: simulatedView,
    success: 200,
    errors: ["reference_not_found"],
    rate_class: "read",
  }),
  test: operation({
    id: "policies.test",
    method: "POST",
    path: "/policies/{policy_id}/test",
    summary: "Run the tests of a policy",
    description:
      "By all policies that are active now and this one as if it were, by what it says now or said in `version`. Nothing is changed.",
    permission: "policies:evaluate",
    resource: policyResource,
    request: { path: policyPath, body: z.strictObject({ version: z.int().min(1).optional() }) },
    response: testedView,
    success: 200,
    errors: ["reference_not_found"],
    rate_class: "read",
  }),
  diffVersion: operation({
    id: "policies.diff_version",
    method: "GET",
    path: "/policies/{policy_id}/versions/{number}/diff",
    summary: "What differs between two versions, and what becomes allowed by it",
    description:
      "From `against` to this version: the version before it, another number, or `nothing`, as if there were no such policy. `allowed` and `denied` are what the one instead of the other would newly allow and no longer allow, were it active among the policies that are, for whom the policy is now: over the values that these policies tell apart.",
    permission: "policies:read",
    resource: policyVersionResource,
    request: {
      path: policyPath.extend({ number }),
      query: z.strictObject({ against: z.union([z.literal(NOTHING), number]).optional() }),
    },
    response: policyDiffView,
    success: 200,
    errors: [],
  }),
  validateConditions: operation({
    id: "policies.validate_conditions",
    method: "POST",
    path: "/policies/validate-conditions",
    summary: "Check conditions without saving them",
    description: "Everything that is wrong with them, each with its place; and how the things stand that they name.",
    permission: "policies:read",
    besides: seesNames,
    resource: { type: "policy", list: true },
    request: {
      body: z.strictObject({
        resource_type: definition.resource_type.default("*"),
        action: definition.action.default("*"),
        conditions: definition.conditions,
      }),
    },
    response: checkedView,
    success: 200,
    errors: [],
    rate_class: "read",
  }),
  listReferences: operation({
    id: "policies.list_references",
    method: "GET",
    path: "/policies/{policy_id}/references",
    summary: "What a policy names, and how it stands now",
    description: "In its conditions and its assignments. The list is complete.",
    permission: "policies:read",
    besides: seesNames,
    resource: policyResource,
    request: { path: policyPath },
    response: pageOf(referenceView),
    success: 200,
    errors: [],
  }),
} as const;
