import type { EventDraft } from "../../../shared/change/events.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { membershipItem } from "../../../shared/identity/items.ts";
import { teamLimits } from "../model.ts";
import {
  countMembers,
  newMember,
  replacePlaces,
  type Team,
  teamMemberItem,
  tooManyMembers,
  userTeamsItem,
} from "../store.ts";
import { memberEvent } from "./places.ts";

/** People who come into a team, or go, in one transaction: five items each, two of them the event and its entry. */
export const MEMBERS_AT_A_TIME = 15;

export interface Changed {
  readonly enter: readonly string[];
  readonly leave: readonly string[];
}

/**
 * Puts people into a team and takes others out, at most {@link MEMBERS_AT_A_TIME} together. Who is in it already, or is not, is passed
 * over: what was broken off is asked for again. They are members of the organization, suspended ones too, whom a directory
 * puts into teams before they are active.
 */
export async function changedMembers(
  table: Table,
  team: Pick<Team, "id" | "name" | "organization_id">,
  { enter, leave }: Changed,
  added_by: string,
  at: Date,
): Promise<{ readonly writes: readonly Write[]; readonly events: readonly EventDraft[] }> {
  const own = table.of(team.organization_id);
  const people = [...enter, ...leave];
  const places = await table.batch(people.map((user_id) => own.read(userTeamsItem, { user_id })));
  const members = await table.batch(people.map((user_id) => own.read(teamMemberItem, { team_id: team.id, user_id })));
  const changes = people.flatMap((user_id, i) => {
    const [read, member] = [places[i], members[i]];
    const before = read?.teams ?? [];
    const others = before.filter(({ team_id }) => team_id !== team.id);
    if (i < enter.length && member === undefined) {
      if (before.length >= teamLimits.teams_of_user) throw tooManyTeams(user_id);
      const entered = newMember(team.id, user_id, "member", added_by, at);
      const next = [...others, { team_id: team.id, role: entered.role }];
      return [
        {
          by: 1,
          writes: [
            own.writes.check(membershipItem, { user_id }, { one_of: { status: ["active", "suspended"] } }, lostRace),
            own.writes.create(teamMemberItem, entered, lostRace),
            replacePlaces(own, user_id, read, next, at),
          ],
          event: memberEvent("team.member_added", team, entered),
        },
      ];
    }
    if (i < enter.length || member === undefined) return [];
    return [
      {
        by: -1,
        writes: [
          own.writes.remove(teamMemberItem, { team_id: team.id, user_id }, { equals: { etag: member.etag } }, lostRace),
          ...(read === undefined ? [] : [replacePlaces(own, user_id, read, others, at)]),
        ],
        event: memberEvent("team.member_removed", team, member),
      },
    ];
  });
  const more = changes.reduce((sum, { by }) => sum + by, 0);
  return {
    writes: [...(more === 0 ? [] : [countMembers(own, team.id, more)]), ...changes.flatMap(({ writes }) => writes)],
    events: changes.map(({ event }) => event),
  };
}

/** Refuses what would make a team too large, before anything of it is done. @throws Problem `conflict` */
export function withinTeamSize({ member_count }: Pick<Team, "member_count">, { enter, leave }: Changed): void {
  if (member_count + enter.length - leave.length > teamLimits.members) throw tooManyMembers();
}

const tooManyTeams = (user_id: string): Problem =>
  new Problem("conflict", `${user_id} is in ${teamLimits.teams_of_user} teams, the most that a user can be in.`, {
    members: { limit: teamLimits.teams_of_user },
  });
