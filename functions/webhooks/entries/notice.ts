import * as z from "zod";
import { parseEnvironment } from "../../../shared/config/env.ts";
import { consume } from "../../../shared/events/consume.ts";
import { connectMail } from "../../../shared/mail/send.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { sendNotice } from "../notices/notice.ts";

const { table, log } = connectPlatform("webhooks-notice");
const { MAIL_FROM } = parseEnvironment(z.object({ MAIL_FROM: z.string() }));
const deps = { table, send: connectMail(MAIL_FROM) };

export const handler = consume(log, (event) => sendNotice(event, deps));
