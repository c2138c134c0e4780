import type { Envelope } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Due } from "../../../shared/due/item.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { alreadyExists, Problem } from "../../../shared/errors.ts";
import type { Queue } from "../../../shared/events/queue.ts";
import { derivedId } from "../../../shared/ids.ts";
import { addDays } from "../../../shared/limits/retention.ts";
import { attemptItem, type Delivery, deliveryDue, deliveryItem } from "../store.ts";
import { dueAtMs } from "./rules/schedule.ts";

/** A hint that a delivery wants an attempt. The item alone says whether and when: a lost or doubled hint changes nothing. */
export interface AttemptMessage {
  readonly tenant: string;
  readonly webhook_id: string;
  readonly delivery_id: string;
}

/** Items written at the same time. */
const PARALLEL = 25;

/** Why a delivery is made: the event itself, or one replay of it. Part of the delivery's id. */
interface Occasion {
  readonly webhook_id: string;
  readonly event: Envelope;
  /** The time of the occasion; the same when the work is repeated. */
  readonly at: Date;
  readonly test?: boolean;
  readonly replay_of?: string;
  readonly replay_id?: string;
  /** Days for which the organization keeps deliveries. */
  readonly kept_days: number;
}

/** A new delivery. Its id follows from webhook, event and occasion, so that making it twice makes one. */
export function newDelivery(occasion: Occasion): Delivery {
  const { webhook_id, event, at, kept_days, test = false, replay_of = null, replay_id = null } = occasion;
  const now = timestamp(at);
  const reason = replay_id ?? (replay_of === null ? "event" : `${replay_of}@${now}`);
  return {
    id: derivedId("delivery", at, [webhook_id, event.id, reason]),
    organization_id: event.organization_id,
    webhook_id,
    event_id: event.id,
    event_type: event.type,
    event_day: event.occurred_at.slice(0, 10),
    ...(test ? { payload: event } : {}),
    test,
    replay_of,
    replay_id,
    status: "pending",
    attempt_count: 0,
    next_attempt_at: now,
    response_status: null,
    error_code: null,
    created_at: now,
    updated_at: now,
    completed_at: null,
    expires_at: timestamp(addDays(at, kept_days)),
  };
}

/** The writes that make a delivery, refused when it is there. */
export const deliveryWrites = (tenant: TenantTable, delivery: Delivery, at: Date, refuse?: Refusal): Write[] => [
  tenant.writes.create(deliveryItem, delivery, refuse),
  dueWrite(tenant, delivery, at),
];
type Refusal = (old: Delivery | undefined) => Problem;

const refOf = ({ webhook_id, id }: Pick<Delivery, "webhook_id" | "id">): string => `${webhook_id}/${id}`;

/** The write that makes a delivery due by itself once its next attempt has been missed, or takes that away at its end. */
export function dueWrite(
  tenant: TenantTable,
  delivery: Pick<Delivery, "webhook_id" | "id" | "next_attempt_at">,
  now: Date,
): Write {
  const { next_attempt_at } = delivery;
  if (next_attempt_at === null) return deliveryDue.clear(tenant, refOf(delivery));
  return deliveryDue.set(tenant, refOf(delivery), new Date(dueAtMs(Date.parse(next_attempt_at), now.getTime())));
}

/** The writes that take a delivery away, with all that belongs to it: at most ten. */
export const removalWrites = (tenant: TenantTable, delivery: Delivery): Write[] => [
  tenant.writes.remove(deliveryItem, { webhook_id: delivery.webhook_id, id: delivery.id }, {}),
  deliveryDue.clear(tenant, refOf(delivery)),
  ...Array.from({ length: delivery.attempt_count }, (_, i) =>
    tenant.writes.remove(attemptItem, { delivery_id: delivery.id, number: i + 1 }, {}),
  ),
];

/** The same hint as that of a delivery which has come due. */
export function hintOfDue({ tenant, ref }: Due): AttemptMessage {
  const [webhook_id = "", delivery_id = ""] = ref.split("/");
  return { tenant, webhook_id, delivery_id };
}

export const hintOf = (delivery: Delivery): AttemptMessage => ({
  tenant: delivery.organization_id,
  webhook_id: delivery.webhook_id,
  delivery_id: delivery.id,
});

/**
 * Makes deliveries and hints at each that has had no attempt yet. Whoever is interrupted does the same again: items that
 * are there stay as they are, and a hint is repeated rather than missed.
 * @returns how many of them are new
 */
export async function start(
  tenant: TenantTable,
  deliveries: readonly Delivery[],
  queue: Queue<AttemptMessage>,
): Promise<number> {
  let made = 0;
  for (let i = 0; i < deliveries.length; i += PARALLEL) {
    const hints = await Promise.all(
      deliveries.slice(i, i + PARALLEL).map(async (delivery) => {
        const there = await makeOrFind(tenant, delivery);
        if (there === undefined) made++;
        const waits = there === undefined || (there.status === "pending" && there.attempt_count === 0);
        return waits ? [hintOf(delivery)] : [];
      }),
    );
    await queue.send(hints.flat());
  }
  return made;
}

/** Undefined when the delivery was made now; else the one that was there. */
async function makeOrFind(tenant: TenantTable, delivery: Delivery): Promise<Delivery | undefined> {
  let there: Delivery | undefined;
  const writes = deliveryWrites(tenant, delivery, new Date(delivery.created_at), (old) => {
    there = old;
    return alreadyExists("id", "This delivery exists.");
  });
  try {
    await tenant.transact(writes);
    return undefined;
  } catch (error) {
    if (error instanceof Problem && error.code === "already_exists") return there ?? delivery;
    throw error;
  }
}
