import { readSettings } from "../../../shared/config/settings.ts";
import { consume } from "../../../shared/events/consume.ts";
import { connectMail } from "../../../shared/mail/send.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import * as consumers from "../consumers.ts";

const { table, log } = connectPlatform("organizations-mail");
const { MAIL_FROM, APP_URL } = readSettings(["MAIL_FROM", "APP_URL"]);
const deps = { table, send: connectMail(MAIL_FROM), app_url: APP_URL };

export const handler = consume(log, (event) => consumers.sendNotice(event, deps));
