import * as z from "zod";
import { roleSchema } from "../../shared/access/own-roles.ts";
import { principalSchema } from "../../shared/access/principal.ts";
import { permissionSchema } from "../../shared/access/schemas.ts";
import { timestampSchema } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { defineStates } from "../../shared/states.ts";

const statuses = ["pending", "approved", "rejected", "expired", "cancelled"] as const;

export const approvalStates = defineStates("approval", statuses, [
  { from: [], to: "pending", why: "A run comes to a step that asks people." },
  { from: ["pending"], to: "approved", why: "As many approvers as it takes have approved." },
  { from: ["pending"], to: "rejected", why: "An approver has rejected." },
  { from: ["pending"], to: "expired", why: "Nobody has decided in time; `on_expiry` says what that means." },
  { from: ["pending"], to: "cancelled", why: "What asked for it has ended." },
]);
export const approvalStatusSchema = z.enum(statuses).meta({ id: "ApprovalStatus" });
export type ApprovalStatus = z.output<typeof approvalStatusSchema>;

/** How many of each an approval may name. */
export const NAMED = 20;
export const NAMED_USERS = 50;

/**
 * Who may decide, by any of these; whoever holds `approvals:decide` where none is given. Nobody decides without that
 * permission, whatever else names them, and what names them is looked at when they decide.
 */
export const approversSchema = z
  .strictObject({
    users: z
      .array(idSchema("user"))
      .max(NAMED_USERS)
      .optional()
      .meta({ description: "Nobody, where it is empty: they are still to be chosen." }),
    teams: z
      .array(idSchema("team"))
      .max(NAMED)
      .optional()
      .meta({ description: "Their members, inherited ones included." }),
    roles: z.array(roleSchema).min(1).max(NAMED).optional(),
    permissions: z
      .array(permissionSchema)
      .min(1)
      .max(NAMED)
      .optional()
      .meta({ description: "Whoever holds one of them.", example: ["deployments:create"] }),
  })
  .meta({
    id: "Approvers",
    description: "Who may decide: whoever one of these names. Everybody needs approvals:decide.",
  });
export type Approvers = z.output<typeof approversSchema>;

export const onExpirySchema = z.enum(["approve", "reject", "fail"]).meta({ id: "ApprovalOnExpiry" });

/** Most approvers whose word one approval can take. */
export const MOST_REQUIRED = 20;
export const SHORTEST_SECONDS = 60;
/** A day. */
export const DEFAULT_EXPIRY_SECONDS = 86_400;
export const COMMENT = 2_000;
/** People that are asked by mail for one approval, and again at its escalation; whoever else may decide finds it in the list. */
export const MOST_ASKED = 50;
/** What its time is made of: nobody is reminded, and nothing escalates, sooner. */
export const escalateSchema = z
  .strictObject({
    after_seconds: z.int().min(SHORTEST_SECONDS).meta({ example: 14_400 }),
    to: approversSchema.meta({ description: "Who may decide from then on, beside the first." }),
  })
  .meta({ id: "ApprovalEscalate", description: "Who is asked too where nobody has decided after a while." });

export const decisionSchema = z
  .object({
    user_id: idSchema("user"),
    decision: z.enum(["approved", "rejected"]).meta({ id: "ApprovalDecisionWord" }),
    comment: z.string().nullable().meta({ example: "Checked with the customer." }),
    at: timestampSchema,
  })
  .meta({ id: "ApprovalDecision", description: "What one approver has said." });
export type Decision = z.output<typeof decisionSchema>;

const step = {
  at: timestampSchema.meta({ description: "When it is due." }),
  done_at: timestampSchema.nullable().meta({ description: "null where it has not come to it." }),
};
const reminderSchema = z.object(step).meta({
  id: "ApprovalReminder",
  description: "Those who were asked and have not decided are reminded, once.",
});
const escalationSchema = z.object({ ...step, to: approversSchema }).meta({
  id: "ApprovalEscalation",
  description: "Others are asked too, who may decide beside the first once that is done.",
});

/** An approval without what it is about. */
export const approvalSchema = z.object({
  id: idSchema("approval"),
  status: approvalStatusSchema,
  title: z.string().meta({ example: "Publish the answer" }),
  message: z.string().nullable().meta({ example: "Shall this answer go to the customer?" }),
  run_id: idSchema("run"),
  node_id: z.string(),
  attempt: z.int(),
  /** The pipeline that the run is of. */
  pipeline_id: idSchema("pipeline"),
  pipeline_name: z.string().meta({ description: "As it was called then.", example: "Answers to customers" }),
  requested_by: principalSchema.meta({ description: "Who started the run." }),
  approvers: approversSchema,
  required: z.int().meta({ description: "How many have to approve; one rejection rejects." }),
  allow_self: z.boolean().meta({ description: "Whether who started the run may decide." }),
  on_expiry: onExpirySchema,
  reminder: reminderSchema.nullable(),
  escalation: escalationSchema.nullable(),
  decisions: z.array(decisionSchema),
  created_at: timestampSchema,
  expires_at: timestampSchema.meta({ description: "Until when it can be decided." }),
  decided_at: timestampSchema.nullable().meta({ description: "When it ended, however it did." }),
});
export type ApprovalRecord = z.output<typeof approvalSchema>;

export const approvalSummaryView = approvalSchema
  .extend({
    may_decide: z.boolean().meta({ description: "Whether the caller may decide now." }),
  })
  .meta({ id: "ApprovalSummary", description: "A step of a run that waits for people, or has." });

export const approvalView = approvalSummaryView
  .extend({
    payload: z.unknown().meta({ description: "What it is about; what looks like a secret is masked." }),
    people: z
      .array(z.object({ id: idSchema("user"), name: z.string() }).meta({ id: "ApprovalPerson" }))
      .meta({ description: "Names of who started the run and who has decided, as far as they are there." }),
  })
  .meta({ id: "Approval", description: "A step of a run that waits for people, with what it is about." });
