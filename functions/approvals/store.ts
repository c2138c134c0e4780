import * as z from "zod";
import { blobSchema } from "../../shared/blobs/blobs.ts";
import { timestamp } from "../../shared/clock.ts";
import { defineDue } from "../../shared/due/due.ts";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../shared/dynamo/write.ts";
import { defineResource } from "../../shared/http/resource.ts";
import { idSchema } from "../../shared/ids.ts";
import { giveQuota } from "../../shared/limits/quota.ts";
import { type ApprovalStatus, approvalSchema } from "./model.ts";

/** Kept as long as the run that asks, whose file its payload is. */
export const approvalItem = defineItem({
  type: "approval",
  summary: "A step of a run that waits for people, and what they have said.",
  schema: approvalSchema.extend({
    payload: blobSchema,
    /** Who was asked by mail, at its escalation too. */
    asked: z.array(idSchema("user")),
    /** Of the run's audit trail. */
    audit_days: z.int(),
    trace_id: z.string(),
    etag: z.string(),
    kept_until: z.string(),
  }),
  key: { pk: "APPROVAL#{id}", sk: "APPROVAL" },
  indexes: {
    gsi1: { pk: "APPROVALS_IN#{status}", sk: "{id}" },
    gsi2: { pk: "APPROVALS_OF#{run_id}", sk: "{id}" },
    gsi3: { pk: "APPROVALS", sk: "{id}" },
  },
  json: ["approvers", "decisions", "escalation"],
  expires: "kept_until",
});
export type Approval = ItemOf<typeof approvalItem>;

/** The next of what comes to a pending approval by itself: a reminder, its escalation, its expiry. */
export const approvalDue = defineDue("approval_due");

/**
 * An approver's way to one approval from a mail. It does not outlive the approval, and what it may do is judged by the
 * approver's rights when it is used.
 */
export const approvalLinkItem = defineItem({
  type: "approval_link",
  summary:
    "The link by which one approver decides one approval from a mail; removed when it is used, dead when the approval ends.",
  schema: z.object({
    approval_id: idSchema("approval"),
    user_id: idSchema("user"),
    secret_hash: z.string(),
    /** The link's token, encrypted, so that every mail has the same; the mail function is the only one to open it. */
    sealed_token: z.string(),
    expires_at: z.string(),
  }),
  key: { pk: "APPROVAL_LINK#{approval_id}", sk: "{user_id}" },
  expires: "expires_at",
});
export type ApprovalLink = ItemOf<typeof approvalLinkItem>;

/** What binds the token of a link to its approver and approval. */
export const approvalLinkContext = (
  tenant: string,
  { approval_id, user_id }: Pick<ApprovalLink, "approval_id" | "user_id">,
) => ({ purpose: "approval_links", tenant, field: `approval_link.${approval_id}.${user_id}` }) as const;

export const approvalResource = defineResource({
  type: "approval",
  path: ["approval_id"],
  item: approvalItem,
  key: ({ approval_id }) => ({ id: approval_id }),
});

/**
 * The writes that end a pending approval as it was read: it gives its place back and expires no more.
 * @throws Problem `precondition_failed` when committed, where it is not as it was read
 */
export function endWrites(
  table: TenantTable,
  read: Approval,
  end: { readonly status: Exclude<ApprovalStatus, "pending">; readonly etag: string; readonly at: Date } & Partial<
    Pick<Approval, "decisions">
  >,
): Write[] {
  const { status, etag, at, decisions = read.decisions } = end;
  return [
    changeWrite(table, read, { status, etag, decisions, decided_at: timestamp(at) }),
    giveQuota(table, "approvals"),
    approvalDue.clear(table, read.id),
  ];
}

/** A change of a pending approval as it was read. */
export const changeWrite = (table: TenantTable, { id, run_id, etag }: Approval, set: Partial<Approval>): Write =>
  table.writes.update(
    approvalItem,
    { id },
    { set: set.status === undefined ? set : { id, run_id, ...set } },
    { equals: { status: "pending", etag } },
    () => lostRace(),
  );
