import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";
import { onExpirySchema } from "./model.ts";

const approval = z.object({
  approval_id: z.string(),
  run_id: z.string(),
  node_id: z.string(),
  attempt: z.int(),
  pipeline_id: z.string(),
});

const decision = approval.extend({
  user_id: z.string(),
  /** By the link in a mail; else signed in. */
  by_link: z.boolean(),
});

export const approvalEvents = defineEvents({
  "approval.requested": {
    summary: "A run waits for people to approve.",
    resource: "approval",
    data: approval.extend({ required: z.int(), expires_at: z.string() }),
  },
  "approval.reminded": {
    summary: "Nobody has decided yet: whoever was asked and has not decided is reminded by mail.",
    resource: "approval",
    data: approval,
  },
  "approval.escalated": {
    summary:
      "Nobody has decided yet: others may decide too, and are asked by mail (`user_ids`, those who were not asked before).",
    resource: "approval",
    data: approval.extend({ user_ids: z.array(z.string()), may_decide: z.int() }),
  },
  "approval.given": {
    summary: "An approver has approved, and more have to.",
    resource: "approval",
    data: decision.extend({ given: z.int(), required: z.int() }),
  },
  "approval.approved": {
    summary: "As many have approved as it takes.",
    resource: "approval",
    data: decision.extend({ given: z.int(), required: z.int() }),
  },
  "approval.rejected": {
    summary: "An approver has rejected.",
    resource: "approval",
    outcome: "denied",
    data: decision,
  },
  "approval.expired": {
    summary: "Nobody has decided in time; `on_expiry` says how the run goes on.",
    resource: "approval",
    outcome: "timed_out",
    data: approval.extend({ on_expiry: onExpirySchema }),
  },
  "approval.cancelled": {
    summary: "The run that asked has ended.",
    resource: "approval",
    outcome: "cancelled",
    data: approval,
  },
});
