import * as z from "zod";
import { defineItem, type ItemOf } from "../../../shared/dynamo/item.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import { idSchema } from "../../../shared/ids.ts";

export const emailChangeItem = defineItem({
  type: "email_change",
  summary: "A wish for another e-mail that waits for the new address to be proved; single use, a day.",
  schema: z.object({
    id: idSchema("email_change"),
    user_id: idSchema("user"),
    status: z.enum(["pending", "used"]),
    old_email: z.string(),
    email: z.string(),
    secret_hash: z.string(),
    /** The token for the mail, encrypted; the mail function is the only one to open it. */
    sealed_token: z.string(),
    created_at: z.string(),
    expires_at: z.string(),
  }),
  key: { pk: "EMAIL_CHANGE#{id}", sk: "EMAIL_CHANGE" },
  expires: "expires_at",
});
export type EmailChange = ItemOf<typeof emailChangeItem>;

/** What binds the token of a change to its record. */
export const emailChangeContext = (id: string) =>
  ({ purpose: "email_changes", tenant: PLATFORM, field: `email_change.${id}` }) as const;

/** A change by this id that waits for its proof. */
export async function pendingEmailChange(table: Table, id: string, now: Date): Promise<EmailChange | undefined> {
  const change = await table.of(PLATFORM).get(emailChangeItem, { id });
  return change?.status === "pending" && Date.parse(change.expires_at) > now.getTime() ? change : undefined;
}
