import { draft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import { type HandOver, noChange } from "../../../shared/identity/hand-over.ts";
import { ownerWrites } from "../../../shared/identity/owned.ts";
import { newEtag } from "../../../shared/ids.ts";
import { webhookEvents } from "../events.ts";
import type { Webhook } from "../model.ts";
import { webhookItem } from "../store.ts";

/** Gives a webhook of somebody who goes to another owner. */
export const handOverWebhook: HandOver = async (own, id, from, to, at) => {
  const read = await own.get(webhookItem, { id });
  if (read?.owner_id !== from) return noChange(own, { kind: "webhook", id }, from);
  const next: Webhook = { ...read, owner_id: to, updated_at: timestamp(at), etag: newEtag(at) };
  const data = { webhook_id: id, name: read.name, changed_fields: ["owner_id"] };
  const changes = [{ field: "owner_id", old: from, new: to }];
  return {
    writes: [own.writes.replace(webhookItem, next, read.etag), ...ownerWrites(own, { kind: "webhook", id }, from, to)],
    events: [draft(webhookEvents, "webhook.updated", { id, name: read.name }, data, { changes })],
  };
};
