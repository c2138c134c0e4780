import type { Principal } from "../../../shared/access/principal.ts";
import type { ApprovalRecord, Decision } from "../model.ts";
import { approversOf, isApprover, type Person } from "./approvers.ts";

/** Who stands behind a run: whoever it acts for, whose API key started it. */
export const requesterOf = (principal: Principal): { readonly type: string; readonly id: string } =>
  "on_behalf_of" in principal && principal.on_behalf_of !== undefined ? principal.on_behalf_of : principal;

/** The user who may not decide what they have started; undefined where nobody is left out. */
export function leftOut({ allow_self, requested_by }: Pick<ApprovalRecord, "allow_self" | "requested_by">) {
  const requester = requesterOf(requested_by);
  return allow_self || requester.type !== "user" ? undefined : requester.id;
}

/** Why somebody may not decide. */
export type Refusal = "not_pending" | "expired" | "not_an_approver" | "own_request" | "decided_already";

/** Why the person may not decide the approval at this time; undefined when they may. */
export function refusalOf(
  approval: Pick<
    ApprovalRecord,
    "status" | "expires_at" | "approvers" | "escalation" | "allow_self" | "requested_by" | "decisions"
  >,
  person: Person,
  at: Date,
): Refusal | undefined {
  if (approval.status !== "pending") return "not_pending";
  if (Date.parse(approval.expires_at) <= at.getTime()) return "expired";
  if (!approversOf(approval).some((approvers) => isApprover(approvers, person))) return "not_an_approver";
  if (leftOut(approval) === person.user_id) return "own_request";
  return approval.decisions.some(({ user_id }) => user_id === person.user_id) ? "decided_already" : undefined;
}

/** What an approval is after one more decision: one rejection rejects, as many approvals as it takes approve. */
export function decided(
  { decisions, required }: Pick<ApprovalRecord, "decisions" | "required">,
  decision: Decision,
): { readonly decisions: Decision[]; readonly given: number; readonly status: "pending" | "approved" | "rejected" } {
  const all = [...decisions, decision];
  const given = all.filter((one) => one.decision === "approved").length;
  if (decision.decision === "rejected") return { decisions: all, given, status: "rejected" };
  return { decisions: all, given, status: given >= required ? "approved" : "pending" };
}
