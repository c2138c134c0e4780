import type * as z from "zod";
import type { Blob } from "../../../shared/blobs/blobs.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { type Organization, organizationItem } from "../../../shared/identity/items.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { takeQuota } from "../../../shared/limits/quota.ts";
import { approvalEvents } from "../events.ts";
import { type ApprovalRecord, type escalateSchema, MOST_ASKED } from "../model.ts";
import { leftOut } from "../rules/deciding.ts";
import { nextStep } from "../rules/steps.ts";
import { type Approval, approvalDue, approvalItem } from "../store.ts";
import { approversNow } from "./approvers.ts";

/** What a step of a run asks people for. */
export interface ApprovalRequest
  extends Pick<
    ApprovalRecord,
    | "title"
    | "message"
    | "run_id"
    | "node_id"
    | "attempt"
    | "pipeline_id"
    | "pipeline_name"
    | "requested_by"
    | "approvers"
    | "required"
    | "allow_self"
    | "on_expiry"
  > {
  readonly expires_in_seconds: number;
  readonly remind_after_seconds?: number | undefined;
  readonly escalate?: z.output<typeof escalateSchema> | undefined;
  /** What it is about, without secrets. */
  readonly payload: Blob;
  readonly audit_days: number;
  readonly trace_id: string;
  readonly kept_until: string;
}

export const aboutApproval = ({ id, run_id, node_id, attempt, pipeline_id }: ApprovalRecord) => ({
  approval_id: id,
  run_id,
  node_id,
  attempt,
  pipeline_id,
});

export const subjectOf = ({ id, title }: Pick<ApprovalRecord, "id" | "title">) => ({ id, name: title });

/**
 * Makes an approval: what is written and told within the transaction by which the step begins to wait.
 * @throws Problem `conflict` where fewer may decide than have to; when committed `quota_exceeded` where as many wait as the plan allows
 */
export async function requestApproval(
  table: TenantTable,
  { expires_in_seconds, remind_after_seconds, escalate, ...asked }: ApprovalRequest,
  at: Date,
): Promise<{ readonly approval: Approval; readonly writes: readonly Write[]; readonly events: readonly EventDraft[] }> {
  const [organization, people] = await Promise.all([
    table.get(organizationItem, {}),
    approversNow(table, asked.approvers, { except: leftOut(asked), most: MOST_ASKED }),
  ]);
  if (people.length < asked.required) throw tooFew(people.length, asked.required);
  const after = (seconds: number) => timestamp(addSeconds(at, seconds));
  const plan: Organization["plan"] = organization?.plan ?? "free";
  const approval: Approval = {
    id: newId("approval", at),
    status: "pending",
    ...asked,
    reminder: remind_after_seconds === undefined ? null : { at: after(remind_after_seconds), done_at: null },
    escalation: escalate === undefined ? null : { at: after(escalate.after_seconds), to: escalate.to, done_at: null },
    decisions: [],
    asked: people,
    created_at: timestamp(at),
    expires_at: after(expires_in_seconds),
    decided_at: null,
    etag: newEtag(at),
  };
  const { required, expires_at } = approval;
  return {
    approval,
    writes: [
      table.writes.create(approvalItem, approval),
      takeQuota(table, plan, "approvals"),
      approvalDue.set(table, approval.id, nextStep(approval)),
    ],
    events: [
      draft(approvalEvents, "approval.requested", subjectOf(approval), {
        ...aboutApproval(approval),
        required,
        expires_at,
      }),
    ],
  };
}

const tooFew = (there: number, required: number): Problem =>
  new Problem(
    "conflict",
    `${required === 1 ? "One approver is" : `${required} approvers are`} needed, and ${there === 0 ? "nobody" : `only ${there}`} may decide: whoever is named needs approvals:decide, and whoever started the run does not count.`,
  );
