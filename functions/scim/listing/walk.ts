import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { ItemOf } from "../../../shared/dynamo/item.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import { sha256 } from "../../../shared/hash.ts";
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

/** What of a part is given out, and as what. */
interface Showing<K extends Kind, T> {
  /** Those of the first that fit into an answer, one at least; all, unless told. */
  readonly fitting?: (found: readonly RecordOf<K>[]) => Promise<readonly RecordOf<K>[]>;
  /** Those who are there: who is gone, and not forgotten yet, takes no number. */
  readonly there: (found: readonly RecordOf<K>[]) => Promise<readonly T[]>;
}

/** A part, and how long the list is. */
interface Part<T> {
  readonly found: readonly T[];
  readonly total: number;
}

/**
 * A part of a list in the order of ids. The protocol counts places, and people come and go between two requests: where a
 * directory goes on at the number after the last part, it goes on after the last one that it got. So it misses and
 * repeats nobody who was there all the time, and a part costs the same wherever it stands.
 */
export async function listed<K extends Kind, T>(
  table: Table,
  { caller, context: { tenant }, at }: DirectoryCall,
  kind: K,
  { start, count }: { readonly start: number; readonly count: number },
  showing: Showing<K, T>,
): Promise<Part<T>> {
  const own = table.of(tenant);
  const list = { token_id: caller.principal.id, kind, of: "all" };
  const [counted, place] = await table.batch([
    own.read(countItem, { kind }),
    own.read(listPlaceItem, { ...list, start }),
  ]);
  const total = counted?.count ?? 0;
  // Behind a place that was given out there may be some, however many of those before it have gone since.
  if (count === 0 || (start > total && place === undefined)) return { found: [], total };
  const place_after = start === 1 ? undefined : (place?.after ?? (await idAt(own, kind, start - 1)));
  if (start > 1 && place_after === undefined) return { found: [], total };
  return given(own, list, { start, total, at, place_after }, showing, (last) => after(own, kind, last, count));
}

/**
 * A part of those that a filter has found or that were put in an order, all of whom are known: in the order of ids it is
 * gone on with as the list of all is.
 */
export async function cutOf<K extends Kind, T>(
  table: Table,
  { caller, context: { tenant }, at }: DirectoryCall,
  {
    kind,
    filter = "",
    in_order,
  }: { readonly kind: K; readonly filter?: string | undefined; readonly in_order: boolean },
  { start, count }: { readonly start: number; readonly count: number },
  records: readonly RecordOf<K>[],
  showing: Showing<K, T>,
): Promise<Part<T>> {
  const own = table.of(tenant);
  const total = records.length;
  if (count === 0) return { found: [], total };
  if (!in_order) {
    const { fitting = all, there } = showing;
    return { found: await there(await fitting(records.slice(start - 1, start - 1 + count))), total };
  }
  const list = { token_id: caller.principal.id, kind, of: sha256(filter) };
  const place = start > 1 ? await own.get(listPlaceItem, { ...list, start }) : undefined;
  const place_after = place?.after ?? records[start - 2]?.id;
  if (start > 1 && place_after === undefined) return { found: [], total };
  return given(own, list, { start, total, at, place_after }, showing, async (last = "") => {
    const left = records.filter(({ id }) => id > last);
    return { found: left.slice(0, count), more: left.length > count };
  });
}

const all = async <T>(found: readonly T[]): Promise<readonly T[]> => found;

/** Gives a part out, and leaves the place where it ends under the number that comes next. */
async function given<K extends Kind, T>(
  own: TenantTable,
  list: ListName,
  { start, total, at, place_after }: { start: number; total: number; at: Date; place_after: string | undefined },
  { fitting = all, there }: Showing<K, T>,
  next: (after: string | undefined) => Promise<{ readonly found: readonly RecordOf<K>[]; readonly more: boolean }>,
): Promise<Part<T>> {
  for (let last = place_after; ; ) {
    const part = await next(last);
    const fits = await fitting(part.found);
    last = fits.at(-1)?.id;
    const found = await there(fits);
    const goes_on = last !== undefined && (part.more || fits.length < part.found.length);
    // A part of which nobody is there any more would look like the end.
    if (found.length === 0 && goes_on) continue;
    if (goes_on) await leavePlace(own, list, start + found.length, last, at);
    return { found, total: lengthOf(total, start, found.length, goes_on) };
  }
}

interface ListName {
  readonly token_id: string;
  readonly kind: Kind;
  readonly of: string;
}

/**
 * How long a list is for who has come so far: where it ends, what was given out of it; else one more at least. A directory
 * that counts neither stops too early nor asks for what is not there.
 */
const lengthOf = (total: number, start: number, given: number, goes_on: boolean): number =>
  goes_on ? Math.max(total, start + given) : start - 1 + given;

async function leavePlace(
  own: TenantTable,
  list: ListName,
  start: number,
  after: string | undefined,
  at: Date,
): Promise<void> {
  if (after === undefined) return;
  const expires_at = timestamp(addSeconds(at, PLACE_SECONDS));
  await own.apply(listPlaceItem, own.writes.put(listPlaceItem, { ...list, start, after, expires_at }));
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
