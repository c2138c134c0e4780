import type * as z from "zod";
import { decodeCursor, encodeCursor, invalidCursor, queryFingerprint } from "../../../shared/dynamo/cursor.ts";
import type { Page, TenantTable } from "../../../shared/dynamo/table.ts";
import { membershipItem } from "../../../shared/identity/items.ts";
import type { listedMemberSchema } from "../model.ts";
import { teamsBelow } from "../nesting/rules/tree.ts";
import { type TeamMember, teamMemberItem, teamTreeItem } from "../store.ts";

export type ListedMember = z.output<typeof listedMemberSchema>;

interface Asked {
  readonly team_id: string;
  readonly limit: number;
  readonly cursor?: string | undefined;
}

/** Teams that one page looks into; a page of small teams is shorter than asked for. */
const MOST_TEAMS_A_PAGE = 10;

/** Says of members what they are in the organization: one read for a page. */
async function listed(table: TenantTable, team_id: string, members: readonly TeamMember[]): Promise<ListedMember[]> {
  const memberships = await table.table.batch(members.map(({ user_id }) => table.read(membershipItem, { user_id })));
  return members.map((member, i) => ({
    ...member,
    status: memberships[i]?.status ?? "removed",
    inherited_from: member.team_id === team_id ? null : member.team_id,
  }));
}

/** A page of those who are in the team itself. */
export async function ownMembers(table: TenantTable, { team_id, limit, cursor }: Asked): Promise<Page<ListedMember>> {
  const page = await table.page(teamMemberItem, { of: { team_id }, limit, cursor });
  return { ...page, items: await listed(table, team_id, page.items) };
}

/**
 * A page of those in the team, then of those in each team below it, in order of the teams' ids. Somebody who is in
 * several is there several times, each time with the team that they come from.
 */
export async function allMembers(table: TenantTable, { team_id, limit, cursor }: Asked): Promise<Page<ListedMember>> {
  const tree = await table.get(teamTreeItem, {});
  const teams = [team_id, ...teamsBelow(tree?.parents ?? {}, team_id)];
  const fingerprint = queryFingerprint([table.tenant, "members of a team and of those below", team_id]);
  const start = cursor === undefined ? { team: team_id } : decodeCursor(fingerprint, cursor);
  if (start.team === undefined) throw invalidCursor();
  const found: TeamMember[] = [];
  let at = start.team === team_id ? 0 : teams.findIndex((id, i) => i > 0 && id >= (start.team ?? ""));
  let within = teams[at] === start.team ? start.within : undefined;
  let looks = 0;
  while (at >= 0 && at < teams.length && found.length < limit && looks++ < MOST_TEAMS_A_PAGE) {
    const page = await table.page(teamMemberItem, {
      of: { team_id: teams[at] ?? team_id },
      limit: limit - found.length,
      cursor: within,
    });
    found.push(...page.items);
    within = page.next_cursor ?? undefined;
    if (within === undefined) at++;
  }
  const next = at < 0 ? undefined : teams[at];
  return {
    items: await listed(table, team_id, found),
    next_cursor:
      next === undefined
        ? null
        : encodeCursor(fingerprint, { team: next, ...(within === undefined ? {} : { within }) }),
  };
}
