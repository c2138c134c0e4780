import { commitChange, systemContext } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { newEtag } from "../../../shared/ids.ts";
import { aboutApproval, subjectOf } from "../asking/request.ts";
import { approvalEvents } from "../events.ts";
import { type Approval, approvalItem, endWrites } from "../store.ts";

/** The approvals of a run that ended before them are cancelled; the index shows a new one a moment late. */
export async function cancelOf(table: TenantTable, run_id: string, at: Date): Promise<void> {
  for await (const { id, status } of table.all(approvalItem, { index: "gsi2", of: { run_id } }))
    if (status === "pending") await endPending(table, id, "cancelled", at);
}

/**
 * Ends an approval that is pending by itself; whoever decides at the same moment may be first.
 * @returns how it ended, by whomever; undefined for one that is not there
 */
export function endPending(
  table: TenantTable,
  id: string,
  status: "expired" | "cancelled",
  at: Date,
): Promise<Approval["status"] | undefined> {
  return updateWithRetry(undefined, async () => {
    const approval = await table.get(approvalItem, { id });
    if (approval?.status !== "pending") return approval?.status;
    const context = systemContext(table.tenant, `approval_${status}`, at, approval.audit_days, approval.trace_id);
    await commitChange(table.table, context, {
      writes: endWrites(table, approval, { status, etag: newEtag(at), at }),
      events: [ended(approval, status)],
    });
    return status;
  });
}

const ended = (approval: Approval, status: "expired" | "cancelled") =>
  status === "expired"
    ? draft(approvalEvents, "approval.expired", subjectOf(approval), {
        ...aboutApproval(approval),
        on_expiry: approval.on_expiry,
      })
    : draft(approvalEvents, "approval.cancelled", subjectOf(approval), aboutApproval(approval));
