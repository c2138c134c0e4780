import { timestamp } from "../clock.ts";
import type { TenantTable } from "../dynamo/table.ts";
import type { Write } from "../dynamo/write.ts";
import { PLATFORM } from "../identity/items.ts";
import { dueItem, shardOf } from "./item.ts";

/** One kind of work that is done later. */
export interface DueKind {
  readonly kind: string;
  /**
   * The write that makes the thing due at this time, or moves it there: a thing is due once per kind. A time that has
   * passed is due at once.
   */
  set(table: TenantTable, ref: string, at: Date): Write;
  /** The write that takes it away; nothing happens where there is none. */
  clear(table: TenantTable, ref: string): Write;
}

const kinds = new Map<string, DueKind>();

/** Every kind that the modules loaded so far have declared. */
export const declaredDue = (): readonly DueKind[] => [...kinds.values()];

/**
 * Declares something that is done later: an expiry, a deadline, a retry. The item is part of the transaction that wants
 * it, so it is there exactly when the change is. Some seconds after its time, at most a minute and a half, the sweeper
 * sends it to the queue of the function whose trigger names the kind (`{kind: "due", kinds: ["door_expiry"], queue}`).
 * The room does the work on its own item and by its own condition: a message may come twice, late, or after the thing
 * has changed. The due item stays until that is done, and is sent again while it stays.
 *
 * ```ts
 * // store.ts
 * export const doorExpiry = defineDue("door_expiry");
 * // a handler: one transaction with the change
 * call.commit({ writes: [writes.create(doorItem, door), doorExpiry.set(tenant, door.id, expires_at)], events });
 * // entries/due.ts
 * export const handler = consumeMessages(log, dueWorker(table, { [doorExpiry.kind]: (due) => closeDoor(due, deps) }));
 * ```
 *
 * Costs in write units: 3 to set or move, 3 to clear, 3 to be sent (docs/adr/0021).
 */
export function defineDue(kind: string): DueKind {
  if (kinds.has(kind)) throw new Error(`two modules declare the due kind ${kind}`);
  const defined: DueKind = {
    kind,
    set(table, ref, at) {
      const due = { tenant: table.tenant, kind, ref, at: timestamp(at) };
      const item = { ...due, shard: shardOf(due), look_at: due.at, sends: 0 };
      return table.table.of(PLATFORM).writes.put(dueItem, item);
    },
    clear: (table, ref) => table.table.of(PLATFORM).writes.remove(dueItem, { tenant: table.tenant, kind, ref }, {}),
  };
  kinds.set(kind, defined);
  return defined;
}
