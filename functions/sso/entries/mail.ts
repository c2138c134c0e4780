import { readSettings } from "../../../shared/config/settings.ts";
import { consume } from "../../../shared/events/consume.ts";
import { connectMail } from "../../../shared/mail/send.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { sendMail } from "../notices/send.ts";

const platform = connectWorker("sso-mail");
const { APP_URL } = readSettings(["APP_URL"]);
const deps = { table: platform.table, send: connectMail(platform), app_url: APP_URL };

export const handler = consume(platform.log, (event) => sendMail(event, deps));
