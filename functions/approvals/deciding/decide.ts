import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { newEtag } from "../../../shared/ids.ts";
import { aboutApproval, subjectOf } from "../asking/request.ts";
import { approvalEvents } from "../events.ts";
import type { Decision } from "../model.ts";
import { decided } from "../rules/deciding.ts";
import { type Approval, changeWrite, endWrites } from "../store.ts";

/** What somebody says, when, and by which way they came. */
interface Word extends Pick<Decision, "user_id" | "decision" | "comment"> {
  readonly at: Date;
  readonly by_link: boolean;
}

/** What a word of somebody who may decide makes of an approval as it was read. */
export function wordOf(
  table: TenantTable,
  read: Approval,
  { at, by_link, ...word }: Word,
): { readonly next: Approval; readonly writes: readonly Write[]; readonly event: EventDraft } {
  const { status, decisions, given } = decided(read, { ...word, at: timestamp(at) });
  const etag = newEtag(at);
  const ended = status === "pending" ? null : timestamp(at);
  const about = { ...aboutApproval(read), user_id: word.user_id, by_link };
  const more = by_link ? { reason: "by the link in a mail" } : {};
  return {
    next: { ...read, status, decisions, decided_at: ended, etag },
    writes:
      status === "pending"
        ? [changeWrite(table, read, { decisions, etag })]
        : endWrites(table, read, { status, decisions, etag, at }),
    event:
      status === "rejected"
        ? draft(approvalEvents, "approval.rejected", subjectOf(read), about, more)
        : draft(
            approvalEvents,
            status === "approved" ? "approval.approved" : "approval.given",
            subjectOf(read),
            { ...about, given, required: read.required },
            more,
          ),
  };
}
