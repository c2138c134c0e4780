import type { Envelope } from "../../../shared/change/events.ts";
import { emailItem, PLATFORM } from "../../../shared/identity/items.ts";
import type { MailDeps } from "../../../shared/mail/send.ts";
import { emailChangeContext, emailChangeItem, pendingEmailChange } from "./store.ts";

/** The token for the new address, and when it was taken the notice at the old one. */
export async function sendEmailChangeMail({ type, data }: Envelope, deps: MailDeps): Promise<void> {
  const id = data.email_change_id;
  if (typeof id !== "string") return;
  await (type === "user.email_changed" ? sendNoticeToOld(id, deps) : sendToken(id, deps));
}

async function sendToken(id: string, deps: MailDeps): Promise<void> {
  const change = await pendingEmailChange(deps.table, id, deps.clock.now());
  if (change === undefined) return;
  const { email } = change;
  if ((await deps.table.of(PLATFORM).get(emailItem, { email })) !== undefined) {
    await deps.send({
      to: email,
      subject: "You have an account already",
      lines: [
        "Somebody wants to use this address for their Kaizen Studio account. It has an account already.",
        "",
        "An address belongs to one account. If it was not you, ignore this mail: nothing has changed.",
      ],
    });
    return;
  }
  const token = await deps.secrets.decrypt(change.sealed_token, emailChangeContext(id));
  await deps.send({
    to: email,
    subject: "Confirm your new e-mail",
    lines: [
      "Confirm that this address is to be the one of your Kaizen Studio account.",
      "",
      `Open ${deps.app_url}/confirm-email?token=${token} within the next day, where you are signed in,`,
      "or send the token to POST /api/v1/auth/me/email/confirm:",
      "",
      token,
      "",
      "If it was not you, ignore this mail: nothing has changed.",
    ],
  });
}

async function sendNoticeToOld(id: string, deps: MailDeps): Promise<void> {
  const change = await deps.table.of(PLATFORM).get(emailChangeItem, { id });
  if (change === undefined) return;
  await deps.send({
    to: change.old_email,
    subject: "Your e-mail was changed",
    lines: [
      "Your Kaizen Studio account goes by another e-mail address from now on; this one signs in no more.",
      "",
      "If it was not you, ask an administrator of your organization at once to end your sessions.",
    ],
  });
}
