import { commitChange, systemContext } from "../../../shared/change/commit.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { newEtag } from "../../../shared/ids.ts";
import { approversNow } from "../asking/approvers.ts";
import { aboutApproval, subjectOf } from "../asking/request.ts";
import { approvalEvents } from "../events.ts";
import { MOST_ASKED } from "../model.ts";
import { leftOut } from "../rules/deciding.ts";
import { type Approval, changeWrite } from "../store.ts";

/**
 * Those who were asked are reminded.
 * @returns the approval as it is then
 * @throws Problem `precondition_failed` where it is not as it was read
 */
export const remind = (table: TenantTable, read: Approval, at: Date): Promise<Approval> => {
  if (read.reminder === null) throw new Error(`${read.id} has no reminder`);
  const reminder = { ...read.reminder, done_at: timestamp(at) };
  const event = draft(approvalEvents, "approval.reminded", subjectOf(read), aboutApproval(read));
  return changed(table, read, { reminder }, event, at);
};

/** Others may decide too from now on, and are asked. The approval goes on where nobody is whom it names. */
export async function escalate(table: TenantTable, read: Approval, at: Date): Promise<Approval> {
  if (read.escalation === null) throw new Error(`${read.id} has no escalation`);
  const { to } = read.escalation;
  const people = await approversNow(table, to, { except: leftOut(read), most: MOST_ASKED });
  const user_ids = people.filter((id) => !read.asked.includes(id));
  const nobody = people.length === 0;
  const event = draft(
    approvalEvents,
    "approval.escalated",
    subjectOf(read),
    { ...aboutApproval(read), user_ids, may_decide: people.length },
    nobody
      ? { outcome: "failed", reason: "nobody whom the escalation names may decide; the first approvers still may" }
      : {},
  );
  const escalation = { ...read.escalation, done_at: timestamp(at) };
  return changed(table, read, { escalation, asked: [...read.asked, ...user_ids] }, event, at);
}

async function changed(table: TenantTable, read: Approval, set: Partial<Approval>, event: EventDraft, at: Date) {
  const context = systemContext(table.tenant, "approval_due", at, read.audit_days, read.trace_id);
  const etag = newEtag(at);
  await commitChange(table.table, context, { writes: [changeWrite(table, read, { ...set, etag })], events: [event] });
  return { ...read, ...set, etag };
}
