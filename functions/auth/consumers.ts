import { type SESv2Client, SendEmailCommand } from "@aws-sdk/client-sesv2";
import type { Envelope } from "../../shared/change/events.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import type { Sealer } from "../../shared/http/platform.ts";
import { resetTokenContext } from "./passwords/handlers.ts";
import { pendingReset } from "./store.ts";

interface MailDeps {
  readonly table: Table;
  readonly secrets: Sealer;
  readonly clock: Clock;
  readonly mail: Pick<SESv2Client, "send">;
  readonly from: string;
  readonly app_url: string;
}

/** Sends the token of a requested reset, if the address has an account. A second delivery sends the same token again. */
export async function sendResetMail(event: Envelope, deps: MailDeps): Promise<void> {
  const id = event.data.password_reset_id;
  if (typeof id !== "string") return;
  const reset = await pendingReset(deps.table, id, deps.clock.now());
  if (reset === undefined || reset.user_id === null) return;
  const token = await deps.secrets.decrypt(reset.sealed_token, resetTokenContext(id));
  const text = [
    "Somebody asked to reset the password of your Kaizen Studio account.",
    "",
    `Open ${deps.app_url}/reset-password?token=${token} within the next hour,`,
    "or send the token to POST /api/v1/auth/reset-password:",
    "",
    token,
    "",
    "If it was not you, ignore this mail: nothing has changed.",
  ].join("\n");
  await deps.mail.send(
    new SendEmailCommand({
      FromEmailAddress: deps.from,
      Destination: { ToAddresses: [reset.email] },
      Content: { Simple: { Subject: { Data: "Reset your password" }, Body: { Text: { Data: text } } } },
    }),
  );
}
