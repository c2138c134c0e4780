import { consume } from "../../../shared/events/consume.ts";
import { connectMail } from "../../../shared/mail/send.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { sendNotice } from "../enforcement/notices.ts";
import { warnOfCertificates } from "../saml/warning.ts";

const platform = connectPlatform("sso-mail");
const deps = { table: platform.table, send: connectMail(platform) };

export const handler = consume(platform.log, (event) =>
  event.type === "sso.certificate_expiring" ? warnOfCertificates(event, deps) : sendNotice(event, deps),
);
