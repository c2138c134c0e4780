import { type AuditEntry, auditEntrySchema, auditItem } from "../../shared/change/items.ts";
import { timestamp } from "../../shared/clock.ts";
import { decodeCursor, encodeCursor, invalidCursor, queryFingerprint } from "../../shared/dynamo/cursor.ts";
import type { ItemOf } from "../../shared/dynamo/item.ts";
import type { Page, PageRequest, TenantTable } from "../../shared/dynamo/table.ts";
import { defineResource } from "../../shared/http/resource.ts";
import { idBounds, type TimeRange } from "../../shared/http/time-range.ts";
import { membershipItem, type Organization } from "../../shared/identity/items.ts";
import { timeOfId } from "../../shared/ids.ts";
import { type Looks, looksFor, monthAfter, monthBefore, monthOf, monthsOf } from "./model.ts";

type Stored = ItemOf<typeof auditItem>;

interface PageOptions extends TimeRange, Looks {
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Queries that one page may cost: months without entries, entries that are not looked for, and those whose time is over. */
const MOST_QUERIES = 12;

/**
 * Fills a page from a list that is read in places, one query each, which give no entry whose time is over. A page that
 * has cost enough is given short, with the place where to go on.
 */
async function fill<P>(
  start: P,
  { limit, ...looks }: PageOptions,
  read: (place: P, limit: number) => Promise<{ items: readonly Stored[]; next: P | null }>,
): Promise<{ items: Stored[]; next: P | null }> {
  const items: Stored[] = [];
  const keep = looksFor(looks);
  let place: P | null = start;
  for (let queries = 0; place !== null && items.length < limit && queries < MOST_QUERIES; queries++) {
    const page: { items: readonly Stored[]; next: P | null } = await read(place, limit - items.length);
    items.push(...page.items.filter(keep));
    place = page.next;
  }
  return { items, next: place };
}

/** What a cursor of a page remembers of what is looked for. */
const lookedFor = ({ outcome, name }: Looks): readonly (string | undefined)[] =>
  outcome === undefined && name === undefined ? [] : [outcome, name];

/** A page of entries found by actor, resource or action. */
export async function pageByIndex(
  tenant: TenantTable,
  by: Pick<PageRequest, "index" | "of">,
  options: PageOptions,
): Promise<Page<Stored>> {
  const { items, next } = await fill(options.cursor ?? "", options, async (cursor, limit) => {
    const page = await tenant.page(auditItem, {
      ...by,
      ...idBounds("audit", options),
      limit,
      newest_first: true,
      cursor: cursor === "" ? undefined : cursor,
      also: lookedFor(options),
    });
    return { items: page.items, next: page.next_cursor };
  });
  return { items, next_cursor: next };
}

/**
 * A page of all entries. A month is a partition; the cursor carries the month and the place in it, so a reader never
 * notices where one ends.
 */
export async function pageOfAll(
  tenant: TenantTable,
  organization: Organization,
  options: PageOptions,
  now: Date,
): Promise<Page<Stored>> {
  const { oldest, newest } = monthsOf(options, organization.created_at, now);
  const bounds = idBounds("audit", options);
  const fingerprint = queryFingerprint([
    tenant.tenant,
    "audit_months",
    options.from,
    options.to,
    ...lookedFor(options),
  ]);
  const start = options.cursor === undefined ? { month: newest, inner: "" } : placeOf(fingerprint, options.cursor);
  if (options.cursor !== undefined && (start.month < oldest || start.month > newest)) throw invalidCursor();
  if (start.month < oldest) return { items: [], next_cursor: null };
  const { items, next } = await fill(start, options, async ({ month, inner }, limit) => {
    const page = await tenant.page(auditItem, {
      of: { month },
      ...bounds,
      limit,
      newest_first: true,
      cursor: inner === "" ? undefined : inner,
    });
    if (page.next_cursor !== null) return { items: page.items, next: { month, inner: page.next_cursor } };
    return { items: page.items, next: month > oldest ? { month: monthBefore(month), inner: "" } : null };
  });
  return { items, next_cursor: next === null ? null : encodeCursor(fingerprint, { ...next }) };
}

function placeOf(fingerprint: string, cursor: string): { month: string; inner: string } {
  const { month, inner } = decodeCursor(fingerprint, cursor);
  if (month === undefined || inner === undefined || !/^\d{4}-\d{2}$/.test(month)) throw invalidCursor();
  return { month, inner };
}

/** Where an entry lies: its id's time tells the month. */
export const entryKey = (id: string) => ({ month: monthOf(timestamp(timeOfId(id))), id });

/** What the leaf of an entry is made of beside what the entry says. */
export const evidenceFields = ({ expires_at, salts, erased }: Stored) => ({
  expires_at,
  ...(salts === undefined ? {} : { salts }),
  ...(erased === undefined ? {} : { erased }),
});

/** One entry. Undefined when there is none, or its time is over. */
const entryById = (tenant: TenantTable, id: string): Promise<Stored | undefined> => tenant.get(auditItem, entryKey(id));

export const entryResource = defineResource({
  type: "audit_entry",
  path: ["audit_id"],
  read: ({ table, path }) => entryById(table, String(path.audit_id)),
});

/** Somebody who is a member, or was one. */
export const anyMemberResource = defineResource({
  type: "user",
  path: ["user_id"],
  item: membershipItem,
  key: ({ user_id }) => ({ user_id }),
});

/** What one look reads of a range. */
const PIECE = 100;

/**
 * All entries of a range, oldest first, some at a time as they are read.
 * @param unreadable told of each entry that cannot be read, which is left out then; without it, that ends the look
 */
export async function* entriesBetween(
  tenant: TenantTable,
  organization: Pick<Organization, "created_at">,
  range: TimeRange,
  now: Date,
  unreadable?: PageRequest["unreadable"],
): AsyncGenerator<Stored[]> {
  const { oldest, newest } = monthsOf(range, organization.created_at, now);
  for (let month = oldest; month <= newest; month = monthAfter(month)) {
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const page: Page<Stored> = await tenant.page(auditItem, {
        of: { month },
        ...idBounds("audit", range),
        limit: PIECE,
        cursor,
        unreadable,
      });
      yield page.items;
      cursor = page.next_cursor;
    }
  }
}

/** All entries of a range, oldest first, as they are read: never more than one page in memory. */
export async function* allEntries(
  tenant: TenantTable,
  organization: Organization,
  range: TimeRange,
  now: Date,
): AsyncGenerator<AuditEntry> {
  const { oldest, newest } = monthsOf(range, organization.created_at, now);
  for (let month = oldest; month <= newest; month = monthAfter(month)) {
    for await (const entry of tenant.all(auditItem, { of: { month }, ...idBounds("audit", range) }))
      yield auditEntrySchema.parse(entry);
  }
}
