import { addSeconds, type Clock, timestamp } from "../../../shared/clock.ts";
import { type Due, type DueItem, dueItem, shards } from "../../../shared/due/item.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import type { Log } from "../../../shared/observability/log.ts";
import { type DueQueues, MOST_MESSAGES } from "./queues.ts";
import { patienceSeconds, Shares } from "./rules/shares.ts";

export interface SweepDeps {
  readonly table: Table;
  readonly clock: Clock;
  readonly queues: DueQueues;
  readonly log: Log;
  /** Milliseconds after which no further batch is begun. */
  readonly budget_ms: number;
}

/** So many things are sent in a round, which takes some seconds: the longest that one who comes last waits for its turn. */
export const ROUND = 2_048;

/** So many are read of a shard in a round. What is due beyond that waits until the oldest have been sent. */
const MOST_READ = 10_000;

/** Batches that are on their way at the same time: as many calls as the table's client has connections. */
export const PARALLEL = 5;

export interface Swept {
  readonly sent: number;
  /** Not sent: the queue did not take it, or no function does this kind of work. */
  readonly failed: number;
}

/**
 * Sends what is due to the rooms that do it, in rounds: each reads what is due and takes one of each tenant in turn until
 * it is full; what became due meanwhile has its turn in the next one. Nothing is kept between calls: what is in
 * the index before now is due, whatever the sweeper missed. What has been sent is looked at again after a while, and is
 * sent again if it is still there. A sweep that ends anywhere, or two at once, send some of it twice.
 */
export async function sweep(deps: SweepDeps): Promise<Swept> {
  const end = performance.now() + deps.budget_ms;
  const seen = new Set<string>();
  let [sent, failed] = [0, 0];
  for (;;) {
    const due = await collect(deps, seen);
    const batches = portions(due, deps.queues);
    for (let i = 0; i < batches.length; i += PARALLEL) {
      if (performance.now() >= end) return { sent, failed };
      const counts = await Promise.all(batches.slice(i, i + PARALLEL).map((batch) => handOver(deps, batch)));
      for (const count of counts) {
        sent += count.sent;
        failed += count.failed;
      }
    }
    if (due.length === 0) return { sent, failed };
  }
}

/** What a round sends, in turn. The index may tell of something for a moment longer than it is there. */
async function collect({ table, clock }: SweepDeps, seen: Set<string>): Promise<DueItem[]> {
  const to = timestamp(clock.now());
  const platform = table.of(PLATFORM);
  const rows = await Promise.all(
    shards.map(async (shard) => {
      const shares = new Shares<DueItem>(ROUND / shards.length);
      let read = 0;
      for await (const item of platform.all(dueItem, { index: "gsi1", of: { shard }, from: "0", to })) {
        if (!seen.has(nameOf(item))) shares.offer(item);
        if (++read === MOST_READ) break;
      }
      return shares.inTurn();
    }),
  );
  const all = new Shares<DueItem>(ROUND);
  for (const item of rows.flat()) all.offer(item);
  const due = all.inTurn().slice(0, ROUND);
  for (const item of due) seen.add(nameOf(item));
  return due;
}

const nameOf = ({ tenant, kind, ref, look_at }: DueItem): string => [tenant, kind, ref, look_at].join("#");

interface Batch {
  /** Undefined where no function does this kind of work. */
  readonly queue: string | undefined;
  readonly items: DueItem[];
}

/** Batches of one queue each, in the order in which each got its first item. */
function portions(due: readonly DueItem[], queues: DueQueues): Batch[] {
  const all: Batch[] = [];
  const open = new Map<string | undefined, Batch>();
  for (const item of due) {
    const queue = queues.of(item.kind);
    let batch = open.get(queue);
    if (batch === undefined || batch.items.length === MOST_MESSAGES) {
      batch = { queue, items: [] };
      open.set(queue, batch);
      all.push(batch);
    }
    batch.items.push(item);
  }
  return all;
}

/** Sends, and only then looks away: who ends in between sends again. */
async function handOver(deps: SweepDeps, { queue, items }: Batch): Promise<Swept> {
  if (queue === undefined) {
    for (const { kind, ref } of items) deps.log.error("due.not_sent", new Error("nobody does this"), { kind, ref });
    await lookAway(deps, items);
    return { sent: 0, failed: items.length };
  }
  const refused = await deps.queues.send(queue, items.map(messageOf)).catch((error: unknown) => {
    deps.log.error("due.not_sent", error, { count: items.length });
    return undefined;
  });
  if (refused === undefined) return { sent: 0, failed: items.length };
  if (refused.size > 0)
    deps.log.error("due.not_sent", new Error("the queue refused messages"), { count: refused.size });
  const taken = items.filter((_, i) => !refused.has(i));
  await lookAway(deps, taken);
  return { sent: taken.length, failed: refused.size };
}

const messageOf = ({ tenant, kind, ref, at }: DueItem): Due => ({ tenant, kind, ref, at });

/** One that cannot be put off now is only sent again by the next sweep; it keeps none of the others up. */
async function lookAway({ table, clock, log }: SweepDeps, items: readonly DueItem[]): Promise<void> {
  const platform = table.of(PLATFORM);
  await Promise.all(
    items.map(async (item) => {
      const set = {
        look_at: timestamp(addSeconds(clock.now(), patienceSeconds(item.sends))),
        shard: item.shard,
        sends: item.sends + 1,
      };
      const unmoved = { equals: { at: item.at, look_at: item.look_at } };
      try {
        const write = platform.writes.update(dueItem, item, { set }, unmoved, moved);
        await platform.apply(dueItem, { ...write, lost: "decide" });
      } catch (error) {
        if (!(error instanceof Problem && error.code === "conflict"))
          log.error("due.still_watched", error, { kind: item.kind, ref: item.ref });
      }
    }),
  );
}

const moved = (): Problem => new Problem("conflict", "It is done, or due at another time.");
