import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";
import { shadowEvents } from "../../shared/policies/shadow-events.ts";

const policy = z.object({ policy_id: z.string(), name: z.string(), version: z.int(), status: z.string() });

const changeEvents = defineEvents({
  "policy.created": { summary: "A policy was made; it is a draft.", resource: "policy", data: policy },
  "policy.updated": {
    summary: "A policy says something else. Where it is active, that counts from the next request on.",
    resource: "policy",
    data: policy.extend({ changed_fields: z.array(z.string()) }),
  },
  "policy.assigned": {
    summary: "A policy is for somebody else. Where it is active, that counts from the next request on.",
    resource: "policy",
    data: policy.extend({ assignments: z.array(z.object({ type: z.string(), id: z.string().optional() })) }),
  },
  "policy.activated": { summary: "A policy is enforced from the next request on.", resource: "policy", data: policy },
  "policy.shadowed": {
    summary: "What a policy would deny is counted from the next request on; it denies nothing.",
    resource: "policy",
    data: policy,
  },
  "policy.deactivated": { summary: "A policy is enforced no more.", resource: "policy", data: policy },
  "policy.deleted": { summary: "A policy is no more.", resource: "policy", data: policy },
  "policy.defaults_changed": {
    summary: "Other types of things are denied where no policy allows them.",
    resource: "policy",
    data: z.object({ denied_by_default: z.array(z.string()) }),
  },
});

export const policyEvents = { ...changeEvents, ...shadowEvents };
