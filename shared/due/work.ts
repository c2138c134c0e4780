import { timestamp } from "../clock.ts";
import type { Table } from "../dynamo/table.ts";
import { Problem } from "../errors.ts";
import { PLATFORM } from "../identity/items.ts";
import { type Due, dueItem, dueSchema } from "./item.ts";

/**
 * What could not be done now, for a reason that should pass: it is tried again then. What has been put off for a day is
 * looked at by somebody: it goes to the dead-letter queue, which raises the alarm, and is tried on meanwhile.
 */
export class PutOff {
  readonly until: Date;
  constructor(until: Date) {
    this.until = until;
  }
}

/** Reasons that pass have passed within a day; what is left is a fault of ours. */
const PATIENCE_SECONDS = 86_400;

/**
 * Does what is due, on the room's own item and by its own condition; doing it again changes nothing.
 * @returns when it is due next, or until when it is put off; undefined when there is nothing left to do
 */
export type DueWork = (due: Due) => Promise<Date | PutOff | undefined>;

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
    const next = await work(due);
    if (!(next instanceof PutOff)) return settle(table, due, item.shard, next);
    const put_off_since = item.put_off_since ?? timestamp(table.clock.now());
    const seconds = (table.clock.now().getTime() - Date.parse(put_off_since)) / 1_000;
    if (seconds >= PATIENCE_SECONDS)
      throw new Error(`${kind} of ${due.tenant}/${due.ref} could not be done since ${put_off_since}`);
    await settle(table, due, item.shard, next.until, put_off_since);
  };
}

class Moved extends Problem {
  constructor() {
    super("conflict", "It is done, or due at another time.");
  }
}

async function settle(
  table: Table,
  due: Due,
  shard: string,
  again: Date | undefined,
  put_off_since?: string,
): Promise<void> {
  const { writes } = table.of(PLATFORM);
  const unmoved = { equals: { at: due.at } };
  try {
    if (again === undefined) {
      await table.transact([writes.remove(dueItem, due, unmoved, () => new Moved())]);
      return;
    }
    const at = timestamp(again);
    const set = { at, look_at: at, shard, sends: 0 };
    const change =
      put_off_since === undefined ? ({ set, remove: ["put_off_since"] } as const) : { set: { ...set, put_off_since } };
    await table.of(PLATFORM).apply(
      dueItem,
      writes.update(dueItem, due, change, unmoved, () => new Moved()),
    );
  } catch (error) {
    if (!(error instanceof Moved)) throw error;
  }
}
