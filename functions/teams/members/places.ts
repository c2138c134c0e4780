import { draft, type EventDraft } from "../../../shared/change/events.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { alreadyExists, Problem } from "../../../shared/errors.ts";
import { teamEvents } from "../events.ts";
import { type TeamOfUser, type TeamRole, teamLimits } from "../model.ts";
import type { Place } from "../nesting/rules/tree.ts";
import {
  countMember,
  newMember,
  readTeams,
  replacePlaces,
  type Team,
  type TeamMember,
  teamItem,
  teamMemberItem,
  type UserTeams,
  userTeamsItem,
} from "../store.ts";

export const memberEvent = (
  type: "team.member_added" | "team.member_role_changed" | "team.member_removed",
  { id, name }: Pick<Team, "id" | "name">,
  { user_id, role }: Pick<TeamMember, "user_id" | "role">,
  changes: Parameters<typeof draft>[4] = {},
): EventDraft => draft(teamEvents, type, { id, name }, { team_id: id, name, user_id, role }, changes);

/**
 * All teams of a user, in themselves and by inheritance, for whoever is about to decide by them: one strongly consistent
 * read. None for whom is not an active member of the organization.
 */
export const teamsOf = async (table: Table, tenant: string, user_id: string): Promise<readonly TeamOfUser[]> =>
  (await readTeams(table.of(tenant), user_id)).teams;

/** The teams that a user was put into, whatever their membership is: what somebody who leaves has to give up. */
export const placesOf = async (table: Table, tenant: string, user_id: string): Promise<readonly Place[]> =>
  (await table.of(tenant).get(userTeamsItem, { user_id }))?.teams ?? [];

/** Who is put into teams, and by whom. */
interface Entry {
  readonly user_id: string;
  readonly added_by: string;
  readonly at: Date;
}

/**
 * Puts a user into teams, within the transaction that also proves that they are an active member of the organization:
 * two writes for each team and one for the user.
 * @param places of the user, as they were read; the transaction fails with `precondition_failed` where they have changed
 * @throws Problem `conflict` for a user who is in too many teams, `already_exists` for one who is in it
 */
export function enterTeams(
  table: Table,
  tenant: string,
  entered: readonly { readonly team: Pick<Team, "id" | "name">; readonly role: TeamRole }[],
  { user_id, added_by, at }: Entry,
  places: UserTeams | undefined,
): {
  readonly writes: readonly Write[];
  readonly events: readonly EventDraft[];
  readonly members: readonly TeamMember[];
} {
  const own = table.of(tenant);
  if (entered.length === 0) return { writes: [], events: [], members: [] };
  const before = places?.teams ?? [];
  const taken = () => alreadyExists("user_id", "This user is a member of the team already.");
  if (entered.some(({ team }) => before.some(({ team_id }) => team_id === team.id))) throw taken();
  if (before.length + entered.length > teamLimits.teams_of_user)
    throw new Problem("conflict", `A user is in at most ${teamLimits.teams_of_user} teams.`, {
      members: { limit: teamLimits.teams_of_user },
    });
  const members = entered.map(({ team, role }) => newMember(team.id, user_id, role, added_by, at));
  const added = members.map(({ team_id, role }) => ({ team_id, role }));
  return {
    members,
    writes: [
      ...members.flatMap((member) => [
        countMember(own, member.team_id, 1),
        own.writes.create(teamMemberItem, member, taken),
      ]),
      replacePlaces(own, user_id, places, [...before, ...added], at),
    ],
    events: entered.map(({ team, role }) => memberEvent("team.member_added", team, { user_id, role })),
  };
}

/** Puts a user into one team, see {@link enterTeams}. */
export function enterTeam(
  table: Table,
  tenant: string,
  team: Pick<Team, "id" | "name">,
  { role, ...entry }: Entry & { readonly role: TeamRole },
  places: UserTeams | undefined,
): { readonly writes: readonly Write[]; readonly event: EventDraft; readonly member: TeamMember } {
  const { writes, events, members } = enterTeams(table, tenant, [{ team, role }], entry, places);
  return { writes, event: events[0] as EventDraft, member: members[0] as TeamMember };
}

/** The writes that take a member out of a team, as both were read. */
export function leavingWrites(
  table: Table,
  tenant: string,
  { team_id, user_id, etag }: Pick<TeamMember, "team_id" | "user_id" | "etag">,
  places: UserTeams | undefined,
  at: Date,
): Write[] {
  const own = table.of(tenant);
  const left = (places?.teams ?? []).filter((place) => place.team_id !== team_id);
  return [
    own.writes.remove(teamMemberItem, { team_id, user_id }, { equals: { etag } }, lostRace),
    ...(places === undefined ? [] : [replacePlaces(own, user_id, places, left, at)]),
  ];
}

/**
 * What takes somebody who is gone out of one team, its counter and its event included: one transaction's worth. Members
 * of a deleted team go with it; whoever comes first takes them.
 * @throws Problem `precondition_failed` where they are not in it any more
 */
export async function leaveTeam(
  table: Table,
  tenant: string,
  place: { readonly team_id: string; readonly user_id: string },
  at: Date,
): Promise<{ readonly writes: readonly Write[]; readonly events: readonly EventDraft[] }> {
  const own = table.of(tenant);
  const { team_id, user_id } = place;
  const [team, member, places] = await table.batch([
    own.read(teamItem, { id: team_id }),
    own.read(teamMemberItem, { team_id, user_id }),
    own.read(userTeamsItem, { user_id }),
  ]);
  if (member === undefined) throw lostRace();
  const writes = leavingWrites(table, tenant, member, places, at);
  if (team === undefined) return { writes, events: [] };
  return {
    writes: [...writes, countMember(own, team_id, -1)],
    events: [memberEvent("team.member_removed", team, member)],
  };
}
