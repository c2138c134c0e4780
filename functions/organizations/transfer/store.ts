import { timestamp } from "../../../shared/clock.ts";
import { defineDue } from "../../../shared/due/due.ts";
import { defineItem } from "../../../shared/dynamo/item.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import { type Transfer, transferSchema, transferStates } from "./model.ts";

/** One for each organization, the newest: two cannot be under way at once. */
export const transferItem = defineItem({
  type: "ownership_transfer",
  summary: "The newest transfer of the organization's ownership that was asked for, answered or not.",
  schema: transferSchema,
  key: { pk: "OWNERSHIP_TRANSFER", sk: "OWNERSHIP_TRANSFER" },
});

/** When an asked transfer that nobody has answered ends. Of its id. */
export const transferExpiry = defineDue("ownership_transfer_expiry");

/** The write that asks, as long as no other transfer waits for an answer. */
export const askWrite = (table: TenantTable, transfer: Transfer): Write =>
  table.writes.put(
    transferItem,
    transfer,
    {
      any: [
        { exists: false },
        { one_of: { status: transferStates.ends } },
        { below: { expires_at: transfer.asked_at } },
      ],
    },
    () =>
      new Problem("conflict", "A transfer of this organization waits for an answer already. Withdraw it first.", {
        members: { state: "pending" },
      }),
  );

/** The writes that answer a transfer, once and in time. */
export const answerWrites = (
  table: TenantTable,
  { id }: Pick<Transfer, "id">,
  status: Exclude<Transfer["status"], "pending">,
  at: Date,
): Write[] => [
  table.writes.update(
    transferItem,
    {},
    { set: { status, answered_at: timestamp(at) } },
    {
      equals: { id, status: "pending" },
      ...(status === "expired" ? {} : { at_least: { expires_at: timestamp(at) } }),
    },
    (old) =>
      old === undefined || old.id !== id
        ? notFound()
        : transferStates.refusal(old.status === "pending" ? "expired" : old.status, status),
  ),
  transferExpiry.clear(table, id),
];
