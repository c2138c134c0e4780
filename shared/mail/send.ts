import { SESv2Client, SendEmailCommand } from "@aws-sdk/client-sesv2";
import { clientOptions } from "../aws/clients.ts";
import type { Platform } from "../http/platform.ts";

/** One mail in plain text. */
export interface Mail {
  readonly to: string;
  readonly subject: string;
  readonly lines: readonly string[];
}

/** Sends a mail. Whoever calls it twice sends two: a consumer of events may, and each says the same. */
export type SendMail = (mail: Mail) => Promise<void>;

/** Without a charset SES takes text for 7-bit ASCII. */
const text = (Data: string) => ({ Data, Charset: "UTF-8" });

/** What a consumer needs that mails what a change has sealed. */
export interface MailDeps extends Pick<Platform, "table" | "secrets" | "clock"> {
  readonly send: SendMail;
  /** Where links lead. */
  readonly app_url: string;
}

/**
 * Mail by SES from the deployment's one address.
 * @param from a verified identity of SES in the account
 */
export function connectMail(
  from: string,
  client: Pick<SESv2Client, "send"> = new SESv2Client(clientOptions("mail")),
): SendMail {
  return async ({ to, subject, lines }) => {
    await client.send(
      new SendEmailCommand({
        FromEmailAddress: from,
        Destination: { ToAddresses: [to] },
        Content: { Simple: { Subject: text(subject), Body: { Text: text(lines.join("\n")) } } },
      }),
    );
  };
}
