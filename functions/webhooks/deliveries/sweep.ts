import { addSeconds, type Clock, timestamp } from "../../../shared/clock.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Queue } from "../../../shared/events/queue.ts";
import { sweepEach } from "../../../shared/events/sweep.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import { type Delivery, deliveryItem, watchedOrganizationItem } from "../store.ts";
import { type AttemptMessage, hintOf, watchAfterSeconds } from "./delivery.ts";
import { endUnsent } from "./record.ts";

export interface SweepDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly attempts: Queue<AttemptMessage>;
}

/** The schedule of retries ends after 27.6 hours, twelve-hour waits that receivers ask for included after less than this. */
const longestDeliverySeconds = 4 * 86_400;

/**
 * Finds deliveries whose attempt is overdue because its hint was lost (a message that went to the dead-letter queue,
 * say) and hints again. One query per organization that has webhooks; usually it finds nothing.
 * @returns how many deliveries it hinted at
 * @throws SweepFailed at the end, when one of them could not be looked after
 */
export async function sweep({ table, clock, attempts }: SweepDeps): Promise<number> {
  let hinted = 0;
  await sweepEach(table.of(PLATFORM).all(watchedOrganizationItem, { of: {} }), async ({ organization_id }) => {
    const tenant = table.of(organization_id);
    const now = clock.now();
    const overdue = tenant.all(deliveryItem, { index: "gsi1", of: {}, from: "0", to: timestamp(now) });
    await sweepEach(overdue, async (delivery) => {
      if (Date.parse(delivery.created_at) < now.getTime() - longestDeliverySeconds * 1000) {
        await endUnsent(tenant, delivery, "expired", now);
      } else if (await watchLater(tenant, delivery, now)) {
        await attempts.send([hintOf(delivery)]);
        hinted++;
      }
    });
  });
  return hinted;
}

/** Looks away for a while, so that a full queue is not filled further; false when the delivery has gone on meanwhile. */
async function watchLater(tenant: TenantTable, { webhook_id, id, watch_at }: Delivery, now: Date): Promise<boolean> {
  const write = tenant.writes.update(
    deliveryItem,
    { webhook_id, id },
    { set: { watch_at: timestamp(addSeconds(now, watchAfterSeconds)) } },
    { equals: { watch_at } },
    () => new Problem("conflict", "The delivery has gone on."),
  );
  try {
    await tenant.apply(deliveryItem, write);
    return true;
  } catch (error) {
    if (error instanceof Problem && error.code === "conflict") return false;
    throw error;
  }
}
