import { type DueItem, dueItem, shards } from "../../shared/due/item.ts";
import { PLATFORM } from "../../shared/identity/items.ts";
import { stackTable } from "./stack.ts";

/** What is due of one tenant, next first. */
export async function dueOf(tenant: string, table = stackTable()): Promise<DueItem[]> {
  const found: DueItem[] = [];
  for (const shard of shards)
    for await (const item of table.of(PLATFORM).all(dueItem, { index: "gsi1", of: { shard } }))
      if (item.tenant === tenant) found.push(item);
  return found.sort((a, b) => a.at.localeCompare(b.at));
}
