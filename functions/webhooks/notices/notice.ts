import * as z from "zod";
import type { Envelope } from "../../../shared/change/events.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { PLATFORM, userItem } from "../../../shared/identity/items.ts";
import type { SendMail } from "../../../shared/mail/send.ts";
import { disabledReason } from "../model.ts";
import { webhookItem } from "../store.ts";

interface NoticeDeps {
  readonly table: Table;
  readonly send: SendMail;
}

const disabled = z.object({ webhook_id: z.string(), name: z.string(), reason: disabledReason });

const because: Record<z.output<typeof disabledReason>, string> = {
  consecutive_failures: "20 deliveries in a row failed",
  failing_too_long: "deliveries have been failing for three days",
  gone: "the receiver answered 410 Gone",
};

/** Tells whoever looks after a webhook that it has been switched off. */
export async function sendNotice(event: Envelope, { table, send }: NoticeDeps): Promise<void> {
  const { webhook_id, name, reason } = disabled.parse(event.data);
  const webhook = await table.of(event.organization_id).get(webhookItem, { id: webhook_id });
  if (webhook === undefined || webhook.owner_id === null) return;
  const owner = await table.of(PLATFORM).get(userItem, { id: webhook.owner_id });
  if (owner === undefined || owner.status !== "active") return;
  const lines = [
    `The webhook "${name}" (${webhook_id}) has been disabled: ${because[reason]}.`,
    "",
    "Nothing is delivered to it any more. Mend the receiver, then:",
    `- activate it:        PATCH /api/v1/webhooks/${webhook_id} {"status":"active"}`,
    `- see what went wrong: GET /api/v1/webhooks/${webhook_id}/deliveries?status=failed`,
    `- fetch what it missed: POST /api/v1/webhooks/${webhook_id}/replay {"since":"${event.occurred_at}"}`,
  ];
  await send({ to: owner.email, subject: `Webhook disabled: ${name}`, lines });
}
