import { type EmailChange, emailChangeContext, emailChangeItem } from "../../functions/auth/email-change/store.ts";
import { timestamp } from "../../shared/clock.ts";
import { sha256 } from "../../shared/hash.ts";
import { PLATFORM, userItem } from "../../shared/identity/items.ts";
import { newId } from "../../shared/ids.ts";
import { unique } from "./api.ts";
import { authDeps } from "./auth.ts";

/** A wish of a user for another address, as it is before its proof; gives the token that the mail would bring. */
export async function emailChangeOf(user_id: string, email = `${unique("new")}@example.com`): Promise<string> {
  const { table, secrets, randomSecret } = authDeps();
  const platform = table.of(PLATFORM);
  const user = await platform.get(userItem, { id: user_id });
  const at = new Date();
  const id = newId("email_change", at);
  const secret = randomSecret();
  const change: EmailChange = {
    id,
    user_id,
    status: "pending",
    old_email: user?.email ?? "",
    email,
    secret_hash: sha256(secret),
    sealed_token: await secrets.encrypt(`${id}.${secret}`, emailChangeContext(id)),
    created_at: timestamp(at),
    expires_at: timestamp(new Date(at.getTime() + 3_600_000)),
  };
  await platform.transact([platform.writes.create(emailChangeItem, change)]);
  return `${id}.${secret}`;
}
