import { timestamp } from "../clock.ts";
import type { Table } from "../dynamo/table.ts";
import { Problem } from "../errors.ts";
import { PLATFORM } from "../identity/items.ts";
import { type Due, dueItem, dueSchema } from "./item.ts";

/**
 * Does what is due, on the room's own item and by its own condition; doing it again changes nothing.
 * @returns when to look again; undefined when there is nothing left to do
 */
export type DueWork = (due: Due) => Promise<Date | undefined>;

/**
 * What a function does with the messages of the sweeper (`body` is one of them, parsed from JSON). What has been done or
 * moved meanwhile is left alone. The due item goes, or moves on, after the work and only if it is still as it was sent:
 * whoever set it anew in between has the last word.
 * @param works by the kind's name
 */
export function dueWorker(table: Table, works: Readonly<Record<string, DueWork>>) {
  return async (body: unknown): Promise<void> => {
    const due = dueSchema.parse(body);
    const { kind } = due;
    const work = Object.hasOwn(works, kind) ? works[kind] : undefined;
    if (work === undefined) throw new Error(`nothing here does what is due as ${kind}`);
    const item = await table.of(PLATFORM).get(dueItem, due);
    if (item?.at !== due.at) return;
    await settle(table, due, item.shard, await work(due));
  };
}

class Moved extends Problem {
  constructor() {
    super("conflict", "It is done, or due at another time.");
  }
}

async function settle(table: Table, due: Due, shard: string, again: Date | undefined): Promise<void> {
  const { writes } = table.of(PLATFORM);
  const unmoved = { equals: { at: due.at } };
  try {
    if (again === undefined) {
      await table.transact([writes.remove(dueItem, due, unmoved, () => new Moved())]);
      return;
    }
    const at = timestamp(again);
    const set = { at, look_at: at, shard, sends: 0 };
    await table.of(PLATFORM).apply(
      dueItem,
      writes.update(dueItem, due, { set }, unmoved, () => new Moved()),
    );
  } catch (error) {
    if (!(error instanceof Moved)) throw error;
  }
}
