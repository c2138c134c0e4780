import { SESv2Client, SendEmailCommand } from "@aws-sdk/client-sesv2";
import { clientOptions } from "../aws/clients.ts";
import { readSettings } from "../config/settings.ts";
import type { Platform } from "../http/platform.ts";
import type { User } from "../identity/items.ts";
import { htmlOf } from "./html.ts";
import { languageOf, type Template, type Worded, worded } from "./template.ts";
import { undeliverable } from "./undeliverable.ts";

export interface Mail extends Worded {
  readonly to: string;
}

/**
 * Sends a mail. Whoever calls it twice sends two: a consumer of events may, and each says the same. Nothing is sent to
 * an address that refused our mail for good or complained of it.
 */
export type SendMail = (mail: Mail) => Promise<void>;

/** Without a charset SES takes text for 7-bit ASCII. */
const text = (Data: string) => ({ Data, Charset: "UTF-8" });

/** What a consumer needs that mails what a change has sealed. */
export interface MailDeps extends Pick<Platform, "table" | "secrets" | "clock"> {
  readonly send: SendMail;
  /** Where links lead. */
  readonly app_url: string;
}

/** Sends a mail to a person, in the language that they read. */
export async function mailTo<About>(
  { table, send }: Pick<MailDeps, "table" | "send">,
  user: Pick<User, "email" | "language" | "default_organization_id">,
  texts: Template<About>,
  about: About,
): Promise<void> {
  await send({ to: user.email, ...worded(texts, await languageOf(table, user), about) });
}

/** Mail by SES from the deployment's one address, under its configuration set, by which bounces come back to us. */
export function connectMail(
  { table, log }: Pick<Platform, "table" | "log">,
  client: Pick<SESv2Client, "send"> = new SESv2Client(clientOptions("mail")),
  settings = readSettings(["MAIL_FROM", "MAIL_CONFIGURATION_SET"]),
): SendMail {
  const { MAIL_FROM, MAIL_CONFIGURATION_SET } = settings;
  return async ({ to, language, subject, lines }) => {
    const reason = await undeliverable(table, to);
    if (reason !== undefined) return log.info("mail.withheld", { reason });
    await client.send(
      new SendEmailCommand({
        FromEmailAddress: MAIL_FROM,
        Destination: { ToAddresses: [to] },
        ...(MAIL_CONFIGURATION_SET === undefined ? {} : { ConfigurationSetName: MAIL_CONFIGURATION_SET }),
        Content: {
          Simple: {
            Subject: text(subject),
            Body: { Text: text(lines.join("\n")), Html: text(htmlOf(subject, lines, language)) },
          },
        },
      }),
    );
  };
}
