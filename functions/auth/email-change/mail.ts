import type { Envelope } from "../../../shared/change/events.ts";
import { emailItem, PLATFORM, type User, userItem } from "../../../shared/identity/items.ts";
import { type MailDeps, mailTo } from "../../../shared/mail/send.ts";
import { addressTakenMail, newAddressMail, oldAddressMail } from "../mails.ts";
import { emailChangeContext, emailChangeItem, pendingEmailChange } from "./store.ts";

/** The token for the new address, and when it was taken the notice at the old one. */
export async function sendEmailChangeMail({ type, data }: Envelope, deps: MailDeps): Promise<void> {
  const id = data.email_change_id;
  if (typeof id !== "string") return;
  await (type === "user.email_changed" ? sendNoticeToOld(id, deps) : sendToken(id, deps));
}

async function sendToken(id: string, deps: MailDeps): Promise<void> {
  const change = await pendingEmailChange(deps.table, id, deps.clock.now());
  const owner = change && (await userOf(deps, change.user_id));
  if (change === undefined || owner === undefined) return;
  const { email } = change;
  const holder = await deps.table.of(PLATFORM).get(emailItem, { email });
  if (holder !== undefined) {
    const other = await userOf(deps, holder.user_id);
    if (other !== undefined) await mailTo(deps, other, addressTakenMail, undefined);
    return;
  }
  const token = await deps.secrets.decrypt(change.sealed_token, emailChangeContext(id));
  await mailTo(deps, { ...owner, email }, newAddressMail, { ...deps, token });
}

async function sendNoticeToOld(id: string, deps: MailDeps): Promise<void> {
  const change = await deps.table.of(PLATFORM).get(emailChangeItem, { id });
  const owner = change && (await userOf(deps, change.user_id));
  if (change === undefined || owner === undefined) return;
  await mailTo(deps, { ...owner, email: change.old_email }, oldAddressMail, undefined);
}

const userOf = ({ table }: Pick<MailDeps, "table">, id: string): Promise<User | undefined> =>
  table.of(PLATFORM).get(userItem, { id });
