import { readSettings } from "../../../shared/config/settings.ts";
import { consume } from "../../../shared/events/consume.ts";
import { connectMail } from "../../../shared/mail/send.ts";
import { connectWorker } from "../../../shared/worker.ts";
import * as consumers from "../consumers.ts";

const platform = connectWorker("operators-mail");
const { APP_URL } = readSettings(["APP_URL"]);
const deps = { table: platform.table, send: connectMail(platform), app_url: APP_URL };

export const handler = consume(platform.log, (event) => consumers.tellOwners(event, deps));
