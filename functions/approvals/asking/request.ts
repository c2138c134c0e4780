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
import { type ApprovalRecord, MOST_ASKED } from "../model.ts";
import { requesterOf } from "../rules/deciding.ts";
import { type Approval, approvalExpiry, approvalItem } from "../store.ts";
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
    | "requested_by"
    | "approvers"
    | "required"
    | "allow_self"
    | "on_expiry"
  > {
  readonly expires_in_seconds: number;
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
  { expires_in_seconds, ...asked }: ApprovalRequest,
  at: Date,
): Promise<{ readonly approval: Approval; readonly writes: readonly Write[]; readonly events: readonly EventDraft[] }> {
  const requester = requesterOf(asked.requested_by);
  const except = asked.allow_self || requester.type !== "user" ? undefined : requester.id;
  const [organization, people] = await Promise.all([
    table.get(organizationItem, {}),
    approversNow(table, asked.approvers, { except, most: MOST_ASKED }),
  ]);
  if (people.length < asked.required) throw tooFew(people.length, asked.required);
  const plan: Organization["plan"] = organization?.plan ?? "free";
  const approval: Approval = {
    id: newId("approval", at),
    status: "pending",
    ...asked,
    decisions: [],
    asked: people,
    created_at: timestamp(at),
    expires_at: timestamp(addSeconds(at, expires_in_seconds)),
    decided_at: null,
    etag: newEtag(at),
  };
  const { required, expires_at } = approval;
  return {
    approval,
    writes: [
      table.writes.create(approvalItem, approval),
      takeQuota(table, plan, "approvals"),
      approvalExpiry.set(table, approval.id, new Date(expires_at)),
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
