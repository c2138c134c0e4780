import type { Envelope } from "../../../shared/change/events.ts";
import { type Clock, timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Queue } from "../../../shared/events/queue.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { deliveryItem, webhookItem } from "../store.ts";
import { type AttemptMessage, hintOf } from "./delivery.ts";

export interface ResumeDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly attempts: Queue<AttemptMessage>;
}

/** Deliveries that nobody has brought to an end. */
const OPEN = ["pending", "retrying"] as const;

/** Hints sent at the same time. */
const AT_A_TIME = 25;

/**
 * `organization.restored`: hints at every delivery whose time has come while nothing was sent. What this misses comes due
 * by itself some hours later.
 */
export async function resume(event: Envelope, { table, clock, attempts }: ResumeDeps): Promise<void> {
  const tenant = table.of(event.organization_id);
  const organization = await tenant.get(organizationItem, {});
  if (organization?.status !== "active") return;
  const now = timestamp(clock.now());
  let hints: AttemptMessage[] = [];
  const flush = async () => {
    await attempts.send(hints);
    hints = [];
  };
  for await (const { id } of tenant.all(webhookItem, { index: "gsi2", of: {} })) {
    for (const status of OPEN) {
      for await (const delivery of tenant.all(deliveryItem, { index: "gsi1", of: { webhook_id: id, status } })) {
        if (delivery.next_attempt_at !== null && delivery.next_attempt_at <= now) hints.push(hintOf(delivery));
        if (hints.length === AT_A_TIME) await flush();
      }
    }
  }
  await flush();
}
