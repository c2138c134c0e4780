import * as z from "zod";
import { addSeconds, timestamp } from "../../shared/clock.ts";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import { emailItem, PLATFORM, type User, userItem } from "../../shared/identity/items.ts";
import { idSchema } from "../../shared/ids.ts";
import { RESET_SECONDS } from "./model.ts";

export const passwordResetItem = defineItem({
  type: "password_reset",
  summary: "A requested password reset; single use, one hour.",
  schema: z.object({
    id: idSchema("password_reset"),
    user_id: idSchema("user").nullable(),
    status: z.enum(["pending", "used"]),
    secret_hash: z.string(),
    /** The token for the mail, encrypted; the mail function is the only one to open it. */
    sealed_token: z.string(),
    email: z.string(),
    created_at: z.string(),
    expires_at: z.string(),
  }),
  key: { pk: "PASSWORD_RESET#{id}", sk: "PASSWORD_RESET" },
  expires: "expires_at",
});
export type PasswordReset = ItemOf<typeof passwordResetItem>;

/** The name under which nobody is known; unknown accounts are looked up and tried by it, so that they take as long. */
export const NOBODY = "usr_00000000000000000000000000";

/** The user with this e-mail, if there is one. Two reads whether there is or not: the marker, then the user. */
export async function userByEmail(table: Table, email: string): Promise<User | undefined> {
  const platform = table.of(PLATFORM);
  const marker = await platform.get(emailItem, { email });
  return platform.get(userItem, { id: marker?.user_id ?? NOBODY });
}

/** What binds the token of a reset to its record. */
export const resetTokenContext = (id: string) =>
  ({ purpose: "password_resets", tenant: PLATFORM, field: `password_reset.${id}` }) as const;

/** A reset by this id that can still be used. */
export async function pendingReset(table: Table, id: string, now: Date): Promise<PasswordReset | undefined> {
  const reset = await table.of(PLATFORM).get(passwordResetItem, { id });
  return reset?.status === "pending" && Date.parse(reset.expires_at) > now.getTime() ? reset : undefined;
}

export const resetExpiry = (now: Date): string => timestamp(addSeconds(now, RESET_SECONDS));
