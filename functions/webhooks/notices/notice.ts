import * as z from "zod";
import type { Envelope } from "../../../shared/change/events.ts";
import { PLATFORM, userItem } from "../../../shared/identity/items.ts";
import { type MailDeps, mailTo } from "../../../shared/mail/send.ts";
import { disabledReason } from "../model.ts";
import { webhookItem } from "../store.ts";
import { disabledMail } from "./mails.ts";

const disabled = z.object({ webhook_id: z.string(), name: z.string(), reason: disabledReason });

/** Tells whoever looks after a webhook that it has been switched off. */
export async function sendNotice(event: Envelope, deps: Pick<MailDeps, "table" | "send">): Promise<void> {
  const { webhook_id: id, name, reason } = disabled.parse(event.data);
  const webhook = await deps.table.of(event.organization_id).get(webhookItem, { id });
  if (webhook === undefined || webhook.owner_id === null) return;
  const owner = await deps.table.of(PLATFORM).get(userItem, { id: webhook.owner_id });
  if (owner === undefined || owner.status !== "active") return;
  await mailTo(deps, owner, disabledMail, { id, name, reason, since: event.occurred_at });
}
