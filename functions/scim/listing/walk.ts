import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { ItemOf } from "../../../shared/dynamo/item.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import type { DirectoryCall } from "../protocol/call.ts";
import { tooMany } from "../rules/error.ts";
import { countItem, type Kind, listPlaceItem, scimGroupItem, scimUserItem } from "../store.ts";

const items = { user: scimUserItem, group: scimGroupItem } as const;
type RecordOf<K extends Kind> = ItemOf<(typeof items)[K]>;

/** A directory asks for the next part of a list within this time; later it is looked for from the beginning. */
const PLACE_SECONDS = 3_600;
/** Records that are read at a time where a place in a list is looked for. */
const AT_A_TIME = 500;
/** Records that one request looks at where its filter is no look-up, or the order is not that of ids. */
export const MOST_EXAMINED = 5_000;

/** So many records in the order of their ids, after one. */
async function after<K extends Kind>(own: TenantTable, kind: K, id: string | undefined, limit: number) {
  // A sort key that is the least that comes after the id.
  const from = id === undefined ? {} : { from: `${id}!` };
  const { items: found, next_cursor } = await own.page(items[kind], { of: {}, limit, ...from });
  return { found, more: next_cursor !== null };
}

/**
 * A part of a list in the order of ids. The protocol counts places, and people come and go between two requests: where a
 * directory goes on at the number after the last part, it goes on after the last one that it got. So it misses and
 * repeats nobody who was there all the time, and a part costs the same wherever it stands.
 * @param fitting those of the first that fit into an answer, one at least
 */
export async function listed<K extends Kind>(
  table: Table,
  { caller, context: { tenant }, at }: DirectoryCall,
  kind: K,
  { start, count }: { readonly start: number; readonly count: number },
  fitting: (found: readonly RecordOf<K>[]) => Promise<readonly RecordOf<K>[]> = async (found) => found,
): Promise<{ readonly found: readonly RecordOf<K>[]; readonly total: number }> {
  const own = table.of(tenant);
  const token_id = caller.principal.id;
  const [counted, place] = await table.batch([
    own.read(countItem, { kind }),
    own.read(listPlaceItem, { token_id, kind, start }),
  ]);
  const total = counted?.count ?? 0;
  if (count === 0 || start > total) return { found: [], total };
  const place_after = start === 1 ? undefined : (place?.after ?? (await idAt(own, kind, start - 1)));
  if (start > 1 && place_after === undefined) return { found: [], total };
  const { found: all, more } = await after(own, kind, place_after, count);
  const found = await fitting(all);
  const last = found.at(-1);
  if (last !== undefined && (more || found.length < all.length)) {
    const expires_at = timestamp(addSeconds(at, PLACE_SECONDS));
    const next = { token_id, kind, start: start + found.length, after: last.id, expires_at };
    await own.apply(listPlaceItem, own.writes.put(listPlaceItem, next));
  }
  return { found, total };
}

/** The id at a place of the list, counted from 1, found from the beginning. */
async function idAt(own: TenantTable, kind: Kind, place: number): Promise<string | undefined> {
  let id: string | undefined;
  for (let left = place; left > 0; ) {
    const { found } = await after(own, kind, id, Math.min(AT_A_TIME, left));
    if (found.length === 0) return undefined;
    left -= found.length;
    id = found.at(-1)?.id;
  }
  return id;
}

/** All records, for what can only be found by looking at each. @throws ScimError tooMany */
export async function examined<K extends Kind>(own: TenantTable, kind: K): Promise<readonly RecordOf<K>[]> {
  const records: RecordOf<K>[] = [];
  let id: string | undefined;
  for (let more = true; more; ) {
    const part = await after(own, kind, id, AT_A_TIME * 2);
    records.push(...part.found);
    if (records.length > MOST_EXAMINED)
      throw tooMany(
        `More than ${MOST_EXAMINED} would have to be looked at. Ask by eq for one that has an id, a name or an externalId, or list all.`,
      );
    more = part.more;
    id = part.found.at(-1)?.id;
  }
  return records;
}
