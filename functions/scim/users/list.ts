import type { Table } from "../../../shared/dynamo/table.ts";
import type { DocumentAnswer } from "../../../shared/http/operation.ts";
import { type Membership, membershipItem } from "../../../shared/identity/items.ts";
import { asksFor, conjuncts, type ListQuery, partOf } from "../listing/rules/query.ts";
import { sorted } from "../listing/rules/sort.ts";
import { cutOf, examined, listed } from "../listing/walk.ts";
import { answer, baseOf, type DirectoryCall, names, type Versioned } from "../protocol/call.ts";
import { listResponse } from "../protocol/lists.ts";
import { userResource as schema } from "../rules/attributes.ts";
import { invalidFilter } from "../rules/error.ts";
import { type Filter, lookupOf, matches, parseFilter } from "../rules/filter.ts";
import { externalIdItem, type ScimUser, scimUserItem, scimUserNameItem, userNameKey } from "../store.ts";
import { type Person, toResource, userResource } from "./read.ts";

type There = Pick<Person, "record" | "membership">;

/** A list of users by any filter and order; by id where none is asked for. */
export async function listUsers(table: Table, call: DirectoryCall, query: ListQuery): Promise<DocumentAnswer> {
  const filter = query.filter === undefined ? undefined : parseFilter(query.filter);
  if (asksFor(filter, "groups")) throw invalidFilter("Who is in a group is asked of the group.");
  const part = partOf(query);
  const showing = { there: (records: readonly ScimUser[]) => thoseThere(table, call, records) };
  if (filter === undefined && query.sortBy === undefined) {
    const { found, total } = await listed(table, call, "user", part, showing);
    return page(await shown(table, call, found, query), { total, start: part.start }, query);
  }
  const candidates = await candidatesOf(table, call, filter);
  const resources = await statesOf(table, call, candidates, filter, query);
  const found = resources.filter(({ document }) => filter === undefined || matches(filter, document));
  const { sortBy, sortOrder } = query;
  const inOrder = sortBy === undefined ? found : sorted(found, sortBy, sortOrder, schema, ({ document }) => document);
  const records = inOrder.map(({ record }) => record);
  const cut = await cutOf(
    table,
    call,
    { kind: "user", filter: query.filter, in_order: sortBy === undefined },
    part,
    records,
    showing,
  );
  return page(await shown(table, call, cut.found, query), { total: cut.total, start: part.start }, query);
}

const page = (
  resources: readonly Versioned[],
  place: { readonly total: number; readonly start: number },
  query: ListQuery,
): DocumentAnswer => ({
  document: listResponse(
    resources.map((one) => answer(one, query).document),
    place,
  ),
});

/** Those of whom the filter can be true: one, where it asks for one that is looked up; else all. */
async function candidatesOf(table: Table, call: DirectoryCall, filter: Filter | undefined) {
  const own = table.of(call.context.tenant);
  for (const part of filter === undefined ? [] : conjuncts(filter)) {
    const lookup = lookupOf(part);
    if (lookup === undefined || lookup.attribute === "emails.value" || lookup.attribute === "displayName") continue;
    const id = await idBy(table, call, lookup.attribute, lookup.value);
    const record = id === undefined ? undefined : await own.get(scimUserItem, { id });
    return record === undefined ? [] : [record];
  }
  return examined(own, "user");
}

async function idBy(
  table: Table,
  { context: { tenant } }: DirectoryCall,
  attribute: "userName" | "externalId" | "id",
  value: string,
): Promise<string | undefined> {
  const own = table.of(tenant);
  // Nothing that is kept is longer, and no key is empty.
  if (value === "" || value.length > 256) return undefined;
  if (attribute === "id") return value;
  if (attribute === "externalId") return (await own.get(externalIdItem, { kind: "user", external_id: value }))?.id;
  return (await own.get(scimUserNameItem, { name_key: userNameKey(value) }))?.user_id;
}

/** Whoever is no member any more is none of the directory's either. */
const isThere = (membership: Membership | undefined): membership is Membership =>
  membership !== undefined && membership.status !== "removed";

/** Resources by which the filter and the order are judged: what people are here is read where it is asked for. */
async function statesOf(
  table: Table,
  call: DirectoryCall,
  records: readonly ScimUser[],
  filter: Filter | undefined,
  { sortBy }: ListQuery,
): Promise<(Versioned & { readonly record: ScimUser })[]> {
  const base = baseOf(call);
  const standing = asksFor(filter, "active", sortBy) || asksFor(filter, "meta", sortBy);
  const known = { status: "active", etag: "", updated_at: "" } as const;
  if (!standing) return records.map((record) => ({ record, ...toResource(record, known, base) }));
  const memberships = await membershipsOf(table, call, records);
  return records.flatMap((record, i) => {
    const membership = memberships[i];
    return isThere(membership) ? [{ record, ...toResource(record, membership, base) }] : [];
  });
}

const membershipsOf = (table: Table, { context: { tenant } }: DirectoryCall, records: readonly ScimUser[]) =>
  table.batch(records.map(({ id }) => table.of(tenant).read(membershipItem, { user_id: id })));

/** Those who are members, at most a hundred, with what they are here. */
async function thoseThere(table: Table, call: DirectoryCall, records: readonly ScimUser[]): Promise<There[]> {
  const memberships = await membershipsOf(table, call, records);
  return records.flatMap((record, i) => {
    const membership = memberships[i];
    return isThere(membership) ? [{ record, membership }] : [];
  });
}

/** What is given out of them. */
async function shown(
  table: Table,
  call: DirectoryCall,
  there: readonly There[],
  query: ListQuery,
): Promise<readonly Versioned[]> {
  if (!names(query.attributes, "groups"))
    return there.map(({ record, membership }) => toResource(record, membership, baseOf(call)));
  return Promise.all(there.map((one) => userResource(table, call, one, query)));
}
