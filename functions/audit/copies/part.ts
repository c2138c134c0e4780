import { auditItem } from "../../../shared/change/items.ts";
import { encode, type ItemOf } from "../../../shared/dynamo/item.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { entryKey } from "../store.ts";
import type { Head } from "../tree/rules/head.ts";
import { headFrom, headItem, type Leaf, leavesOf } from "../tree/store.ts";

export type Stored = ItemOf<typeof auditItem>;

/** A part of the tree that ends where a head was signed. */
export interface Part {
  readonly first: number;
  readonly head: Head;
  readonly leaves: readonly { readonly leaf: Leaf; readonly entry: Stored | undefined }[];
}

/** What one part has at most, and what a transaction numbers beyond it. */
const MOST_LEAVES = 2_000;
const MOST_CHARACTERS = 16_000_000;

/** The part of the tree that begins with a number: as much as fits into memory. */
export async function partFrom(tenant: TenantTable, first: number, size: number): Promise<Part> {
  const last = await headFrom(tenant, Math.min(first + MOST_LEAVES, size));
  if (last === undefined) throw new Error(`${tenant.tenant}: the head of ${size} entries is missing`);
  const leaves: { leaf: Leaf; entry: Stored | undefined }[] = [];
  let characters = 0;
  for await (const some of leavesOf(tenant, { from: first, to: last.size })) {
    const entries = await tenant.table.batch(some.map(({ audit_id }) => tenant.read(auditItem, entryKey(audit_id))));
    for (const [i, leaf] of some.entries()) leaves.push({ leaf, entry: entries[i] });
    characters += JSON.stringify(entries).length;
    if (characters < MOST_CHARACTERS) continue;
    const head = await headUpTo(tenant, first + leaves.length);
    if (head !== undefined && head.size > first) return { first, head, leaves: leaves.slice(0, head.size - first) };
  }
  return { first, head: last, leaves };
}

/** The last head that has so many entries, or fewer. */
async function headUpTo(tenant: TenantTable, size: number): Promise<Head | undefined> {
  const { items } = await tenant.page(headItem, { of: {}, to: encode(size), limit: 1, newest_first: true });
  return items[0];
}
