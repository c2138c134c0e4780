import { randomBytes } from "node:crypto";
import { readSettings } from "../../../shared/config/settings.ts";
import { consume } from "../../../shared/events/consume.ts";
import { connectMail } from "../../../shared/mail/send.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { mailApprovers } from "../consumers.ts";

const platform = connectWorker("approvals-mail");
const { APP_URL } = readSettings(["APP_URL"]);
const randomSecret = () => randomBytes(32).toString("base64url");
const deps = { ...platform, send: connectMail(platform), app_url: APP_URL, randomSecret };

export const handler = consume(platform.log, (event) => mailApprovers(event, deps));
