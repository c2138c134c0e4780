import { readSettings } from "../../../shared/config/settings.ts";
import { consume } from "../../../shared/events/consume.ts";
import { connectMail } from "../../../shared/mail/send.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { sendNotice } from "../notices/notice.ts";

const { table, log } = connectPlatform("webhooks-notice");
const { MAIL_FROM } = readSettings(["MAIL_FROM"]);
const deps = { table, send: connectMail(MAIL_FROM) };

export const handler = consume(log, (event) => sendNotice(event, deps));
