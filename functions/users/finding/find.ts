import type { Page, Table, TenantTable } from "../../../shared/dynamo/table.ts";
import { badReference } from "../../../shared/errors.ts";
import { filled, isFirstMatch, termOf } from "../../../shared/finding.ts";
import { type Membership, membershipItem, PLATFORM, type User, userItem } from "../../../shared/identity/items.ts";
import { teamItem, teamMemberItem } from "../../teams/public.ts";
import type { memberSorts } from "../model.ts";
import type { MemberRecord } from "../store.ts";
import { memberTermItem } from "./store.ts";

export interface MemberQuery {
  readonly status: Membership["status"];
  readonly role?: string | undefined;
  /** Only those who are in this team itself. */
  readonly team_id?: string | undefined;
  /** The beginning of a name, of a word of it, or of an e-mail. */
  readonly search?: string | undefined;
  /** Not this one. */
  readonly except?: string | undefined;
  readonly sort?: (typeof memberSorts)[number] | undefined;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/**
 * A page of members. One order and one filter are the table's own; what narrows it further is looked for until the page
 * is full or ten pages were looked into. Nobody is missed or shown twice, whatever the pages; by the
 * day on which they were last seen only who comes for the first time that day while the pages are turned.
 * @throws Problem `reference_not_found` for an unknown team
 */
export async function findMembers(table: Table, tenant: string, query: MemberQuery): Promise<Page<MemberRecord>> {
  const own = table.of(tenant);
  const { status, role, team_id, except } = query;
  const wanted = (one: Membership | undefined): one is Membership =>
    one?.status === status && (role === undefined || one.role === role) && one.user_id !== except;
  const people = async (ids: readonly string[]) => (await membershipsOf(own, ids)).filter(wanted);
  const page = await narrowed(own, query, people);
  const platform = table.of(PLATFORM);
  const users = await table.batch(page.items.map(({ user_id }) => platform.read(userItem, { id: user_id })));
  return {
    ...page,
    items: page.items.flatMap((membership, i) => {
      const user = users[i] as User | undefined;
      return user === undefined ? [] : [{ user, membership }];
    }),
  };

  async function narrowed(
    own: TenantTable,
    { search, sort = "name", ...page }: MemberQuery,
    people: (ids: readonly string[]) => Promise<Membership[]>,
  ): Promise<Page<Membership>> {
    if (team_id !== undefined && (await own.get(teamItem, { id: team_id })) === undefined)
      throw badReference("team_id");
    if (search !== undefined) {
      const begins = termOf(search);
      return filled(own, memberTermItem, { ...page, of: {}, begins }, async (terms) => {
        const ids = terms.filter((one) => isFirstMatch(one.term, one.terms, begins)).map(({ user_id }) => user_id);
        return people(team_id === undefined ? ids : await thoseIn(own, team_id, ids));
      });
    }
    if (team_id !== undefined)
      return filled(own, teamMemberItem, { ...page, of: { team_id } }, (members) =>
        people(members.map(({ user_id }) => user_id)),
      );
    const newest_first = sort.startsWith("-");
    const among = async (memberships: Membership[]) => memberships.filter(wanted);
    if (sort.endsWith("joined_at"))
      return filled(own, membershipItem, { ...page, newest_first, index: "gsi3", of: { status } }, among);
    if (sort.endsWith("last_seen_on"))
      return filled(own, membershipItem, { ...page, newest_first, index: "gsi4", of: {} }, among);
    return role === undefined
      ? filled(own, membershipItem, { ...page, newest_first, index: "gsi1", of: { status } }, among)
      : filled(own, membershipItem, { ...page, newest_first, index: "gsi2", of: { status, role } }, among);
  }
}

/** Memberships of these users, in their order, as they are now. */
const membershipsOf = (own: TenantTable, ids: readonly string[]) =>
  own.table.batch(ids.map((user_id) => own.read(membershipItem, { user_id })));

/** Those of these users who are in the team. */
async function thoseIn(own: TenantTable, team_id: string, ids: readonly string[]): Promise<string[]> {
  const places = await own.table.batch(ids.map((user_id) => own.read(teamMemberItem, { team_id, user_id })));
  return ids.filter((_, i) => places[i] !== undefined);
}
