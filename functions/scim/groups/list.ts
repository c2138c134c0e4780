import type { Table } from "../../../shared/dynamo/table.ts";
import type { DocumentAnswer } from "../../../shared/http/operation.ts";
import { nameSchema } from "../../../shared/http/schemas.ts";
import { nameKey } from "../../teams/model.ts";
import { teamItem, teamNameItem, userTeamsItem } from "../../teams/public.ts";
import { asksFor, conjuncts, type ListQuery, partOf } from "../listing/rules/query.ts";
import { sorted } from "../listing/rules/sort.ts";
import { cutOf, examined, listed } from "../listing/walk.ts";
import { answer, type DirectoryCall, type Versioned } from "../protocol/call.ts";
import { listResponse } from "../protocol/lists.ts";
import { groupResource as schema } from "../rules/attributes.ts";
import { invalidFilter } from "../rules/error.ts";
import { type Filter, lookupOf, matches, parseFilter } from "../rules/filter.ts";
import { MOST_TEXT } from "../rules/reading.ts";
import { externalIdItem, type ScimGroup, scimGroupItem } from "../store.ts";
import { type Group, membersOf, toResource, wantsMembers } from "./read.ts";
import { memberAskedFor } from "./rules/mentioned.ts";

/** Members in one answer: of groups that have more together, fewer groups are given out at a time. */
const MOST_MEMBERS = 5_000;

/** A list of groups by any filter and order; by id where none is asked for. */
export async function listGroups(table: Table, call: DirectoryCall, query: ListQuery): Promise<DocumentAnswer> {
  const filter = query.filter === undefined ? undefined : parseFilter(query.filter);
  const part = partOf(query);
  const showing = {
    fitting: async (records: readonly ScimGroup[]) =>
      wantsMembers(query) ? fitted(records, await groupsOf(table, call, records)) : records,
    there: (records: readonly ScimGroup[]) => groupsOf(table, call, records),
  };
  if (filter === undefined && query.sortBy === undefined) {
    const { found, total } = await listed(table, call, "group", part, showing);
    return page(await shown(table, call, found, query), { total, start: part.start }, query);
  }
  const groups = await candidatesOf(table, call, filter);
  const found = groups.filter((group) => filter === undefined || holds(filter, group, call));
  const { sortBy, sortOrder } = query;
  const resourceOf = (group: Group) => toResource(group, undefined, call).document;
  const inOrder = sortBy === undefined ? found : sorted(found, sortBy, sortOrder, schema, resourceOf);
  const of = { kind: "group", filter: query.filter, in_order: sortBy === undefined } as const;
  const records = inOrder.map(({ record }) => record);
  const cut = await cutOf(table, call, of, part, records, showing);
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

/** The first groups whose members fit into an answer together, one at least. */
function fitted(records: readonly ScimGroup[], groups: readonly Group[]): readonly ScimGroup[] {
  const sizes = new Map(groups.map(({ record, team }) => [record.id, team.member_count]));
  let members = 0;
  const end = records.findIndex(({ id }, i) => {
    members += sizes.get(id) ?? 0;
    return i > 0 && members > MOST_MEMBERS;
  });
  return end < 0 ? records : records.slice(0, end);
}

async function groupsOf(table: Table, { context: { tenant } }: DirectoryCall, records: readonly ScimGroup[]) {
  const own = table.of(tenant);
  const teams = await table.batch(records.map(({ id }) => own.read(teamItem, { id })));
  return records.flatMap((record, i): Group[] => {
    const team = teams[i];
    return team === undefined ? [] : [{ record, team }];
  });
}

async function shown(table: Table, call: DirectoryCall, groups: readonly Group[], query: ListQuery) {
  const own = table.of(call.context.tenant);
  if (!wantsMembers(query)) return groups.map((group) => toResource(group, undefined, call));
  return Promise.all(
    groups.map(async (group) =>
      toResource(group, group.team.member_count === 0 ? [] : await membersOf(own, group.record.id), call),
    ),
  );
}

/** Whether a group is what a filter asks for; what it asks of members was looked up. */
const holds = (filter: Filter, group: Group, call: DirectoryCall): boolean => {
  const others = conjuncts(filter).filter((part) => memberAskedFor(part) === undefined);
  const { document } = toResource(group, undefined, call);
  // Names of groups are one where their teams' are.
  const named = (part: Filter) => {
    const { attribute, value = "" } = lookupOf(part) ?? {};
    return attribute === "displayName" ? nameKey(value.trim()) === group.team.name_key : matches(part, document);
  };
  return others.every(named);
};

/**
 * Groups of which a filter can be true: one, where it asks for one that is looked up; those of a member, where it asks
 * for one; else all. Who is in a group is asked by `eq`, beside other conditions that all have to hold.
 */
async function candidatesOf(table: Table, call: DirectoryCall, filter: Filter | undefined): Promise<Group[]> {
  const own = table.of(call.context.tenant);
  const parts = filter === undefined ? [] : conjuncts(filter);
  const members = parts.flatMap((part) => memberAskedFor(part) ?? []);
  const asked = parts.filter((part) => memberAskedFor(part) === undefined);
  if (asked.some((part) => asksFor(part, "members")))
    throw invalidFilter('Members are asked for by eq, alone or beside other conditions: members eq "usr_…".');
  const ids = await idsBy(table, call, asked);
  if (members.length === 0 && ids === undefined) return groupsOf(table, call, await examined(own, "group"));
  if (members.some((id) => id === "" || id.length > MOST_TEXT)) return [];
  const places = await table.batch(members.map((user_id) => own.read(userTeamsItem, { user_id })));
  const of = places.map((one) => new Set((one?.teams ?? []).map(({ team_id }) => team_id)));
  const candidates = (ids ?? [...(of[0] ?? [])]).filter((id) => of.every((teams) => teams.has(id)));
  const records = await table.batch(candidates.toSorted().map((id) => own.read(scimGroupItem, { id })));
  return groupsOf(
    table,
    call,
    records.filter((record) => record !== undefined),
  );
}

/** The one group that a condition looks up; undefined where none does. */
async function idsBy(table: Table, { context: { tenant } }: DirectoryCall, parts: readonly Filter[]) {
  const own = table.of(tenant);
  for (const part of parts) {
    const { attribute, value } = lookupOf(part) ?? {};
    if (attribute === undefined || value === undefined) continue;
    // Nothing that is kept is longer, and no key is empty.
    if (value === "" || value.length > MOST_TEXT) return [];
    if (attribute === "id") return [value];
    if (attribute === "externalId") {
      const found = await own.get(externalIdItem, { kind: "group", external_id: value });
      return found === undefined ? [] : [found.id];
    }
    if (attribute === "displayName") {
      const name = nameSchema.safeParse(value).data;
      const found = name === undefined ? undefined : await own.get(teamNameItem, { name_key: nameKey(name) });
      return found === undefined ? [] : [found.team_id];
    }
  }
  return undefined;
}
