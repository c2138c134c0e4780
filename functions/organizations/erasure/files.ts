import type { Files } from "../../../shared/blobs/files.ts";
import { placesOfTenant } from "../../../shared/blobs/purposes.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { PLATFORM } from "../../../shared/identity/items.ts";
import { type Erasure, erasureItem } from "./store.ts";

/**
 * Removes the organization's files, some hundred at a time. Each is counted before it is removed, in the order of their
 * names, and the last one that was counted is written down: whoever goes on after a crash counts none twice.
 * @param more whether there is time for more
 * @returns whether none is left
 */
export async function eraseFiles(
  table: Table,
  files: Pick<Files, "page" | "removeKeys">,
  erasure: Erasure,
  more: () => boolean,
): Promise<boolean> {
  const platform = table.of(PLATFORM);
  const { organization_id } = erasure;
  let { counted_to } = erasure;
  for (const place of placesOfTenant(organization_id)) {
    for (;;) {
      const keys = await files.page(place);
      if (keys.length === 0) break;
      // Only where there is something: however many empty places there are, a step comes as far as the next file.
      if (!more()) return false;
      const fresh = keys.filter((key) => key > counted_to);
      const last = fresh.at(-1);
      if (last !== undefined) {
        const counted = platform.writes.update(
          erasureItem,
          { organization_id },
          { set: { counted_to: last }, add: { files: fresh.length } },
          { equals: { counted_to } },
          () => lostRace(),
        );
        await table.transact([counted]);
        counted_to = last;
      }
      await files.removeKeys(keys);
    }
  }
  return true;
}
