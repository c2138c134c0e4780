import type { ItemDefinition } from "./item.ts";
import { sizeOfAttributes } from "./size.ts";
import type { TenantTable } from "./table.ts";
import { TRANSACTION_BYTES, TRANSACTION_ITEMS } from "./transaction.ts";
import type { Write } from "./write.ts";

/** An item that goes, and how large it is: what a transaction removes counts to its size. */
export interface Removal {
  readonly write: Write;
  readonly bytes: number;
}

/** Removes an item that was read, whatever has become of it. */
export const removalOf = <D extends ItemDefinition>(
  { writes }: TenantTable,
  definition: D,
  item: Readonly<Record<string, unknown>>,
): Removal => ({ write: writes.remove(definition, item as never, {}), bytes: sizeOfAttributes(item) });

/** The removal of every item of this type under these fields of its key. */
export async function* removals<D extends ItemDefinition>(
  table: TenantTable,
  definition: D,
  of: Readonly<Record<string, string | number>>,
): AsyncGenerator<Removal> {
  for await (const item of table.all(definition, { of })) yield removalOf(table, definition, item);
}

/** Removes any number of items, as many at a time as a transaction takes. Broken off and repeated it does the rest. */
export async function removeAll(table: TenantTable, all: AsyncIterable<Removal>): Promise<void> {
  let pending: Write[] = [];
  let size = 0;
  const flush = async () => {
    if (pending.length > 0) await table.transact(pending);
    pending = [];
    size = 0;
  };
  for await (const { write, bytes } of all) {
    if (pending.length === TRANSACTION_ITEMS || size + bytes > TRANSACTION_BYTES) await flush();
    pending.push(write);
    size += bytes;
  }
  await flush();
}
