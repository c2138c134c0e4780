import { outboxItem } from "../../../shared/change/items.ts";
import { addSeconds, type Clock, timestamp } from "../../../shared/clock.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Queue } from "../../../shared/events/queue.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { firstIdAt } from "../../../shared/ids.ts";
import { retentionOf } from "../../../shared/limits/retention.ts";
import { type AttemptMessage, newDelivery, removalWrites, start } from "../deliveries/delivery.ts";
import { replayStates, subscribes } from "../model.ts";
import { deliveryItem, type Replay, replayItem, webhookItem } from "../store.ts";
import type { JobMessage } from "./continue.ts";

export interface JobDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly attempts: Queue<AttemptMessage>;
  readonly jobs: Queue<JobMessage>;
  /** Milliseconds that one call may work before it puts the rest back into its queue. */
  readonly budget_ms: number;
}

/** Works at a job until it is done or the time is up; then the rest waits in the queue as a new message. */
export async function work(message: JobMessage, deps: JobDeps): Promise<void> {
  const end = performance.now() + deps.budget_ms;
  const step = message.kind === "replay" ? replayPage : cleanupPage;
  while (await step(message, deps)) {
    if (performance.now() >= end) return deps.jobs.send([message]);
  }
}

const EVENTS_A_PAGE = 100;

/** Reads one page of stored events and makes their deliveries; true while there is more. */
async function replayPage(message: JobMessage, { table, clock, attempts }: JobDeps): Promise<boolean> {
  if (message.kind !== "replay") return false;
  const tenant = table.of(message.tenant);
  const { webhook_id } = message;
  const [replay, webhook, organization] = await table.batch([
    tenant.read(replayItem, { webhook_id, id: message.replay_id }),
    tenant.read(webhookItem, { id: webhook_id }),
    tenant.read(organizationItem, {}),
  ]);
  if (organization === undefined || replay === undefined || webhook === undefined) return false;
  if (replayStates.ends.includes(replay.status)) return false;
  const now = clock.now();
  if (webhook.status !== "active") {
    await move(tenant, replay, { status: "cancelled", completed_at: timestamp(now) }, now);
    return false;
  }
  const page = await tenant.page(outboxItem, {
    of: { day: replay.day },
    limit: EVENTS_A_PAGE,
    cursor: replay.cursor ?? undefined,
    from: firstIdAt("event", new Date(replay.since)),
    to: firstIdAt("event", addSeconds(new Date(replay.until), 1)),
  });
  const events = page.items
    .map(({ envelope }) => envelope)
    .filter(({ occurred_at }) => occurred_at >= replay.since && occurred_at <= replay.until);
  const at = new Date(replay.created_at);
  const kept_days = retentionOf(organization).delivery_days;
  const deliveries = events
    .filter(({ type }) => subscribes(webhook.events, type))
    .map((event) => newDelivery({ webhook_id, event, at, replay_id: replay.id, kept_days }));
  await start(tenant, deliveries, attempts);
  const lastDay = replay.day >= replay.until.slice(0, 10);
  const done = page.next_cursor === null && lastDay;
  await move(
    tenant,
    replay,
    {
      status: done ? "completed" : "running",
      day: page.next_cursor === null && !done ? dayAfter(replay.day) : replay.day,
      cursor: page.next_cursor,
      events_read: replay.events_read + events.length,
      deliveries_created: replay.deliveries_created + deliveries.length,
      ...(done ? { completed_at: timestamp(now) } : {}),
    },
    now,
  );
  return !done;
}

const dayAfter = (day: string): string => timestamp(addSeconds(new Date(`${day}T00:00:00.000Z`), 86_400)).slice(0, 10);

/** Moves a replay on from where it was read. When another worker has done so, its word counts and nothing is lost. */
async function move(tenant: TenantTable, replay: Replay, set: Partial<Replay>, now: Date): Promise<void> {
  const write = tenant.writes.update(
    replayItem,
    { webhook_id: replay.webhook_id, id: replay.id },
    { set: { ...set, pages: replay.pages + 1, updated_at: timestamp(now) } },
    { equals: { pages: replay.pages } },
    () => new Problem("conflict", "Another worker has moved this replay on."),
  );
  try {
    await tenant.apply(replayItem, write);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "conflict") throw error;
  }
}

/** Deliveries cleaned at a time: each is two items and up to eight attempts, and a transaction takes 100. */
const DELIVERIES_A_PAGE = 10;

/** Deletes a page of what a deleted webhook left; true while there is more. */
async function cleanupPage(message: JobMessage, { table }: JobDeps): Promise<boolean> {
  if (message.kind !== "cleanup") return false;
  const tenant = table.of(message.tenant);
  const { webhook_id } = message;
  const of = { webhook_id };
  const deliveries = await tenant.page(deliveryItem, { of, limit: DELIVERIES_A_PAGE });
  if (deliveries.items.length > 0) {
    await tenant.transact(deliveries.items.flatMap((delivery) => removalWrites(tenant, delivery)));
    return true;
  }
  const replays = await tenant.page(replayItem, { of, limit: 100 });
  if (replays.items.length === 0) return false;
  await tenant.transact(replays.items.map(({ id }) => tenant.writes.remove(replayItem, { webhook_id, id }, {})));
  return true;
}
