import { consume } from "../../../shared/events/consume.ts";
import { connectMail } from "../../../shared/mail/send.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { sendNotice } from "../enforcement/notices.ts";

const platform = connectPlatform("sso-mail");
const deps = { table: platform.table, send: connectMail(platform) };

export const handler = consume(platform.log, (event) => sendNotice(event, deps));
