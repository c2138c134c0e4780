import { consume } from "../../../shared/events/consume.ts";
import { connectMail } from "../../../shared/mail/send.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { sendNotice } from "../notices/notice.ts";

const platform = connectPlatform("webhooks-notice");
const deps = { table: platform.table, send: connectMail(platform) };

export const handler = consume(platform.log, (event) => sendNotice(event, deps));
