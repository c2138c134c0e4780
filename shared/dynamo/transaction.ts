import { isDeepStrictEqual } from "node:util";
import { attributesOf } from "./condition.ts";
import { sizeOfAttributes } from "./size.ts";
import type { Counter, Write } from "./write.ts";

/** What one TransactWriteItems takes (Amazon DynamoDB, "Service, account, and table quotas"). */
export const TRANSACTION_ITEMS = 100;
export const TRANSACTION_BYTES = 4 * 1024 * 1024;
/** What one item may be, attribute names included. */
export const ITEM_BYTES = 400 * 1024;

/** A transaction that DynamoDB would never take: a fault of the code that built it. Nothing was sent. */
export class ImpossibleTransaction extends Error {
  constructor(why: string, writes: readonly Write[]) {
    super(`${why}: ${inventory(writes)}`);
    this.name = "ImpossibleTransaction";
  }
}

/** How many writes there are of each type of item: `audit_entry 2, event 2, membership 98`. */
export function inventory(writes: readonly Write[]): string {
  const counts = new Map<string, number>();
  for (const { type } of writes) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, count]) => `${type} ${count}`)
    .join(", ");
}

const bodyOf = ({ item }: Write) => item.Put ?? item.Update ?? item.Delete ?? item.ConditionCheck;

/** Table and key of what a write is about, as one text. */
export function target(write: Write): string {
  const body = bodyOf(write);
  const { pk, sk } = (write.item.Put?.Item ?? (body as { Key?: Record<string, unknown> }).Key ?? {}) as {
    pk?: unknown;
    sk?: unknown;
  };
  return `${body?.TableName}\n${pk}\n${sk}`;
}

const bytesOf = (write: Write): number => {
  const { Item, Key, ExpressionAttributeValues } = bodyOf(write) as {
    Item?: object;
    Key?: object;
    ExpressionAttributeValues?: object;
  };
  return sizeOfAttributes(Item) + sizeOfAttributes(Key) + sizeOfAttributes(ExpressionAttributeValues);
};

/**
 * Makes writes ready to be sent as one transaction: DynamoDB refuses two writes to one item, so additions to one
 * counter are added up first.
 * @throws ImpossibleTransaction for two other writes to one item, more than 100 items, more than 4 MB, an item of
 * more than 400 KB, or none at all; it names the types of the items and how many there are of each
 */
export function prepared(writes: readonly Write[]): readonly Write[] {
  const ready = distinct(writes);
  if (ready.length === 0) throw new ImpossibleTransaction("a transaction writes something", writes);
  if (ready.length > TRANSACTION_ITEMS)
    throw new ImpossibleTransaction(
      `${ready.length} items are too many for one transaction, which takes ${TRANSACTION_ITEMS}`,
      ready,
    );
  let bytes = 0;
  for (const write of ready) {
    const own = bytesOf(write);
    if (own > ITEM_BYTES)
      throw new ImpossibleTransaction(`${own} bytes are too many for one item, which takes ${ITEM_BYTES}`, [write]);
    bytes += own;
  }
  if (bytes > TRANSACTION_BYTES)
    throw new ImpossibleTransaction(
      `${bytes} bytes are too many for one transaction, which takes ${TRANSACTION_BYTES}`,
      ready,
    );
  return ready;
}

/** Each item once, in the order in which they were first named. */
function distinct(writes: readonly Write[]): readonly Write[] {
  const byTarget = new Map<string, Write>();
  for (const write of writes) {
    const name = target(write);
    const earlier = byTarget.get(name);
    const merged = earlier === undefined ? write : merge(earlier, write);
    if (merged === undefined) {
      const pair = [earlier, write].filter((one) => one !== undefined);
      throw new ImpossibleTransaction(`two writes to the item ${name.split("\n").slice(1).join(" / ")}`, pair);
    }
    byTarget.set(name, merged);
  }
  return byTarget.size === writes.length ? writes : [...byTarget.values()];
}

/**
 * Two additions as one: it does what both would do one after the other. Undefined where it would not: one of them is no
 * addition, they set a field to different values, or a condition looks at what the other one changes.
 */
function merge({ counter: a, refuse }: Write, { counter: b }: Write): Write | undefined {
  if (a === undefined || b === undefined || !isDeepStrictEqual(a.when, b.when)) return undefined;
  const set: Record<string, unknown> = { ...a.set };
  for (const [name, value] of Object.entries(b.set)) {
    if (Object.hasOwn(set, name) && !isDeepStrictEqual(set[name], value)) return undefined;
    set[name] = value;
  }
  const add: Record<string, Added> = { ...a.add };
  for (const [name, value] of Object.entries(b.add)) {
    const sum = Object.hasOwn(add, name) ? added(add[name], value) : value;
    if (sum === undefined) return undefined;
    add[name] = sum;
  }
  const changed = new Set([...Object.keys(set), ...Object.keys(add)]);
  if (attributesOf(a.when).some((name) => changed.has(name))) return undefined;
  return { ...a.build({ set, add }), refuse };
}

type Added = Counter["add"][string];

function added(a: Added | undefined, b: Added): Added | undefined {
  if (typeof a === "number" && typeof b === "number") return a + b;
  return a instanceof Set && b instanceof Set ? new Set([...a, ...b]) : undefined;
}
