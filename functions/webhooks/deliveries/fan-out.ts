import type { Envelope } from "../../../shared/change/events.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import type { Queue } from "../../../shared/events/queue.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { retentionOf } from "../../../shared/limits/retention.ts";
import { patternsFor } from "../model.ts";
import { type Delivery, subscriptionItem, webhookItem } from "../store.ts";
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
      if (ids.length > 0) await start(tenant, await deliveriesTo(ids, event, tenant), attempts);
      cursor = page.next_cursor;
    } while (cursor !== null);
  }
}

/** The deliveries of an event to those webhooks that are open to it; the organization is read with them. */
async function deliveriesTo(ids: readonly string[], event: Envelope, tenant: TenantTable): Promise<Delivery[]> {
  const [organization, ...webhooks] = await tenant.table.batch([
    tenant.read(organizationItem, {}),
    ...ids.map((id) => tenant.read(webhookItem, { id })),
  ]);
  if (organization === undefined) return [];
  const kept_days = retentionOf(organization).delivery_days;
  const at = new Date(event.occurred_at);
  return webhooks.flatMap((webhook) =>
    // What happened before a webhook was active is no concern of it, however late the event comes.
    webhook?.status === "active" && webhook.active_since <= event.occurred_at
      ? [newDelivery({ webhook_id: webhook.id, event, at, kept_days })]
      : [],
  );
}
