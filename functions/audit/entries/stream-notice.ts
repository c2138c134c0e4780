import { consume } from "../../../shared/events/consume.ts";
import { connectMail } from "../../../shared/mail/send.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { tellStopped } from "../streams/notices/notice.ts";

const platform = connectWorker("audit-stream-notice");
const deps = { table: platform.table, send: connectMail(platform) };

export const handler = consume(platform.log, (event) => tellStopped(event, deps));
