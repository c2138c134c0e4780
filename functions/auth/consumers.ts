import type { Envelope } from "../../shared/change/events.ts";
import { emailItem, PLATFORM, userItem } from "../../shared/identity/items.ts";
import type { MailDeps } from "../../shared/mail/send.ts";
import { sendEmailChangeMail } from "./email-change/mail.ts";
import { sendNotice } from "./notices/send.ts";
import { openDomain } from "./registration/join-domain.ts";
import { pendingRegistration, registrationTokenContext } from "./registration/store.ts";
import { pendingReset, resetTokenContext } from "./store.ts";

/** Sends the mail that an event asks for. A second delivery sends the same mail, with the same token, again. */
export async function sendMail(event: Envelope, deps: MailDeps): Promise<void> {
  const { password_reset_id, registration_id } = event.data;
  if (typeof password_reset_id === "string") await sendResetMail(password_reset_id, deps);
  if (typeof registration_id === "string") await sendRegistrationMail(registration_id, deps);
  await sendEmailChangeMail(event, deps);
  await sendNotice(event, deps);
}

/** The token of a requested reset, if the address has an account; how to sign in, if the account has no password. */
async function sendResetMail(id: string, deps: MailDeps): Promise<void> {
  const reset = await pendingReset(deps.table, id, deps.clock.now());
  if (reset === undefined || reset.user_id === null) return;
  const user = await deps.table.of(PLATFORM).get(userItem, { id: reset.user_id });
  if (user?.has_password !== true) {
    await deps.send({
      to: reset.email,
      subject: "Your account has no password",
      lines: [
        "Somebody asked to reset the password of your Kaizen Studio account, which has none:",
        "you sign in through your company's provider.",
        "",
        `Sign in at ${deps.app_url} with this address. If that does not work, ask an administrator of your company.`,
      ],
    });
    return;
  }
  const token = await deps.secrets.decrypt(reset.sealed_token, resetTokenContext(id));
  await deps.send({
    to: reset.email,
    subject: "Reset your password",
    lines: [
      "Somebody asked to reset the password of your Kaizen Studio account.",
      "",
      `Open ${deps.app_url}/reset-password?token=${token} within the next hour,`,
      "or send the token to POST /api/v1/auth/reset-password:",
      "",
      token,
      "",
      "If it was not you, ignore this mail: nothing has changed.",
    ],
  });
}

/** The token of a registration, or the advice to sign in where the address has an account. Only its owner learns which. */
async function sendRegistrationMail(id: string, deps: MailDeps): Promise<void> {
  const registration = await pendingRegistration(deps.table, id, deps.clock.now());
  if (registration === undefined) return;
  const { email } = registration;
  if ((await deps.table.of(PLATFORM).get(emailItem, { email })) !== undefined) {
    await deps.send({
      to: email,
      subject: "You have an account already",
      lines: [
        "Somebody registered at Kaizen Studio with this address, which has an account already.",
        "",
        `Sign in at ${deps.app_url}, or reset your password there if you have forgotten it.`,
        "",
        "If it was not you, ignore this mail: nothing has changed.",
      ],
    });
    return;
  }
  const token = await deps.secrets.decrypt(registration.sealed_token, registrationTokenContext(id));
  const open = await openDomain(deps.table, email);
  await deps.send({
    to: email,
    subject: "Confirm your e-mail",
    lines: [
      "Welcome to Kaizen Studio. Confirm that this address is yours, and choose a password.",
      "",
      `Open ${deps.app_url}/verify-email?token=${token} within the next day,`,
      "or send the token and the password to POST /api/v1/auth/verify-email:",
      "",
      token,
      "",
      ...(open === undefined
        ? []
        : [
            `${open.organization.name} lets people with an address of ${open.owner.domain} join: choose so on that page,`,
            "or send token and password to POST /api/v1/auth/join-domain instead.",
            "",
          ]),
      "If it was not you, ignore this mail: no account is made.",
    ],
  });
}
