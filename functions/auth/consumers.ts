import type { Envelope } from "../../shared/change/events.ts";
import { emailItem, PLATFORM, userItem } from "../../shared/identity/items.ts";
import { type MailDeps, mailTo } from "../../shared/mail/send.ts";
import { mailLanguage, worded } from "../../shared/mail/template.ts";
import { sendEmailChangeMail } from "./email-change/mail.ts";
import { confirmMail, firstPasswordMail, registeredAlreadyMail, resetMail } from "./mails.ts";
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

/** The token of a requested reset, if the address has an account. */
async function sendResetMail(id: string, deps: MailDeps): Promise<void> {
  const reset = await pendingReset(deps.table, id, deps.clock.now());
  if (reset === undefined || reset.user_id === null) return;
  const user = await deps.table.of(PLATFORM).get(userItem, { id: reset.user_id });
  if (user === undefined) return;
  const token = await deps.secrets.decrypt(reset.sealed_token, resetTokenContext(id));
  const mail = user.has_password ? resetMail : firstPasswordMail;
  await mailTo(deps, { ...user, email: reset.email }, mail, { ...deps, token });
}

/** The token of a registration, or the advice to sign in where the address has an account. Only its owner learns which. */
async function sendRegistrationMail(id: string, deps: MailDeps): Promise<void> {
  const registration = await pendingRegistration(deps.table, id, deps.clock.now());
  if (registration === undefined) return;
  const { email: to } = registration;
  const platform = deps.table.of(PLATFORM);
  const holder = await platform.get(emailItem, { email: to });
  const user = holder && (await platform.get(userItem, { id: holder.user_id }));
  // In the language of who reads it: whoever registered need not be the address's owner.
  if (user !== undefined) return mailTo(deps, { ...user, email: to }, registeredAlreadyMail, deps);
  const language = mailLanguage(registration.language);
  const token = await deps.secrets.decrypt(registration.sealed_token, registrationTokenContext(id));
  const found = await openDomain(deps.table, to);
  const open = found && { organization: found.organization.name, domain: found.owner.domain };
  await deps.send({ to, ...worded(confirmMail, language, { ...deps, token, open }) });
}
