import { consume } from "../../../shared/events/consume.ts";
import { connectMail } from "../../../shared/mail/send.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { sendNotice } from "../notices/notice.ts";

const platform = connectWorker("webhooks-notice");
const deps = { table: platform.table, send: connectMail(platform) };

export const handler = consume(platform.log, (event) => sendNotice(event, deps));
