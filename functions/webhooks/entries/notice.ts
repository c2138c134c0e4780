import { SESv2Client } from "@aws-sdk/client-sesv2";
import * as z from "zod";
import { clientOptions } from "../../../shared/aws/clients.ts";
import { parseEnvironment } from "../../../shared/config/env.ts";
import { consume } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { sendNotice } from "../notices/notice.ts";

const { table, log } = connectPlatform("webhooks-notice");
const { MAIL_FROM } = parseEnvironment(z.object({ MAIL_FROM: z.string() }));
const deps = { table, mail: new SESv2Client(clientOptions("mail")), from: MAIL_FROM };

export const handler = consume(log, (event) => sendNotice(event, deps));
