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

/** A change of who belongs to a team: part of a transaction, with what tells of it. */
export interface PlaceChange {
  readonly writes: readonly Write[];
  readonly event: EventDraft;
}

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

/**
 * Puts a user into a team, within the transaction that also proves that they are an active member of the organization.
 * @param places of the user, as they were read; the transaction fails with `precondition_failed` where they have changed
 * @throws Problem `conflict` for a user who is in too many teams, `already_exists` for one who is in it
 */
export function enterTeam(
  table: Table,
  tenant: string,
  team: Pick<Team, "id" | "name">,
  entry: { readonly user_id: string; readonly role: TeamRole; readonly added_by: string; readonly at: Date },
  places: UserTeams | undefined,
): PlaceChange & { readonly member: TeamMember } {
  const own = table.of(tenant);
  const { user_id, role, added_by, at } = entry;
  const before = places?.teams ?? [];
  const taken = () => alreadyExists("user_id", "This user is a member of the team already.");
  if (before.some(({ team_id }) => team_id === team.id)) throw taken();
  if (before.length >= teamLimits.teams_of_user)
    throw new Problem("conflict", `A user is in at most ${teamLimits.teams_of_user} teams.`, {
      members: { limit: teamLimits.teams_of_user },
    });
  const member = newMember(team.id, user_id, role, added_by, at);
  return {
    member,
    writes: [
      countMember(own, team.id, 1),
      own.writes.create(teamMemberItem, member, taken),
      replacePlaces(own, user_id, places, [...before, { team_id: team.id, role }], at),
    ],
    event: memberEvent("team.member_added", team, member),
  };
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
