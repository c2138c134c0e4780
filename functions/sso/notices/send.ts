import type { Envelope } from "../../../shared/change/events.ts";
import { sendNotice } from "../enforcement/notices.ts";
import { type IdentityNoticeDeps, sendIdentityNotice } from "../identities/notices.ts";
import { warnOfCertificates } from "../saml/warning.ts";

/** Sends the mails that an event asks for: to owners and administrators, or to the person whom it is about. */
export async function sendMail(event: Envelope, deps: IdentityNoticeDeps): Promise<void> {
  if (event.type === "sso.certificate_expiring") await warnOfCertificates(event, deps);
  await sendNotice(event, deps);
  await sendIdentityNotice(event, deps);
}
