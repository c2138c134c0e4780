import type { Envelope } from "../../../shared/change/events.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Queue } from "../../../shared/events/queue.ts";
import { patternsFor } from "../model.ts";
import { subscriptionItem, webhookItem } from "../store.ts";
import { type AttemptMessage, newDelivery, start } from "./delivery.ts";

export interface FanOutDeps {
  readonly table: Table;
  readonly attempts: Queue<AttemptMessage>;
}

/**
 * Makes a delivery for every active webhook of the event's organization that subscribes to it. Repeated, it makes none
 * twice: a webhook that two of its entries match, and an event that comes again, lead to the same delivery.
 */
export async function fanOut(event: Envelope, { table, attempts }: FanOutDeps): Promise<void> {
  const tenant = table.of(event.organization_id);
  const seen = new Set<string>();
  for (const pattern of patternsFor(event.type)) {
    let cursor: string | null | undefined;
    do {
      const page = await tenant.page(subscriptionItem, { of: { pattern }, limit: 100, cursor: cursor ?? undefined });
      const ids = page.items.map(({ webhook_id }) => webhook_id).filter((id) => !seen.has(id));
      for (const id of ids) seen.add(id);
      const webhooks = await table.batch(ids.map((id) => tenant.read(webhookItem, { id })));
      // What happened before a webhook was active is no concern of it, however late the event comes.
      const open = webhooks.filter(
        (webhook) => webhook?.status === "active" && webhook.active_since <= event.occurred_at,
      );
      const at = new Date(event.occurred_at);
      await start(
        tenant,
        open.flatMap((webhook) => (webhook === undefined ? [] : [newDelivery({ webhook_id: webhook.id, event, at })])),
        attempts,
      );
      cursor = page.next_cursor;
    } while (cursor !== null);
  }
}
