import * as z from "zod";
import { type Caller, userIdOf } from "../../shared/access/caller.ts";
import { decide } from "../../shared/access/decide.ts";
import { timestamp } from "../../shared/clock.ts";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../shared/dynamo/write.ts";
import { alreadyExists, notFound, Problem } from "../../shared/errors.ts";
import { defineResource } from "../../shared/http/resource.ts";
import { type Membership, membershipItem } from "../../shared/identity/items.ts";
import { type Tree, teamTreeItem, type UserTeams, userTeamsItem } from "../../shared/identity/team-tree.ts";
import { newEtag } from "../../shared/ids.ts";
import { nameKey, type TeamOfUser, type TeamRole, teamLimits, teamMemberSchema, teamSchema } from "./model.ts";
import { ledBy, type Place, teamsWith } from "./nesting/rules/tree.ts";

export { type Tree, teamTreeItem, type UserTeams, userTeamsItem };

/** In place of a parent's id, where there is none. */
export const NO_PARENT = "none";

export const teamItem = defineItem({
  type: "team",
  summary: "A team of the organization.",
  schema: teamSchema.extend({
    /** What names are compared and sorted by. */
    name_key: z.string(),
    /** In which list of child teams it stands: its parent's id, or `none`. */
    under: z.string(),
    etag: z.string(),
  }),
  key: { pk: "TEAM#{id}", sk: "TEAM" },
  indexes: {
    gsi1: { pk: "TEAMS", sk: "{name_key}" },
    gsi2: { pk: "TEAMS_UNDER#{under}", sk: "{name_key}" },
  },
});
export type Team = ItemOf<typeof teamItem>;

export const teamNameItem = defineItem({
  type: "team_name",
  summary: "Uniqueness of a team's name in its organization, capitals or not.",
  schema: z.object({ name_key: z.string(), team_id: z.string() }),
  key: { pk: "TEAM_NAMES", sk: "{name_key}" },
});

export const teamMemberItem = defineItem({
  type: "team_member",
  summary: "A user in a team.",
  schema: teamMemberSchema.extend({ etag: z.string() }),
  key: { pk: "TEAM_MEMBERS#{team_id}", sk: "{user_id}" },
});
export type TeamMember = ItemOf<typeof teamMemberItem>;

export const teamResource = defineResource({
  type: "team",
  path: ["team_id"],
  item: teamItem,
  key: ({ team_id }) => ({ id: team_id }),
  subject: (team) => team,
});

/** By what a caller decides who belongs to a team. */
export interface Standing {
  /** They hold `teams:update`, by which they decide about all teams. */
  readonly administers: boolean;
  /** Else the team that they lead, this one or one above it, and the tree by which that was found. */
  readonly leads?: { readonly team_id: string; readonly tree: Tree | undefined };
}

export interface Managed {
  readonly team: Team;
  readonly standing: Standing;
}

async function standingIn(table: TenantTable, { grants, principal }: Caller, team: Team): Promise<Standing> {
  if (decide(grants, "teams:update").allowed) return { administers: true };
  const user_id = userIdOf(principal);
  if (user_id === undefined) return { administers: false };
  const [tree, own] = await table.table.batch([table.read(teamTreeItem, {}), table.read(userTeamsItem, { user_id })]);
  const team_id = ledBy(tree?.parents ?? {}, own?.teams ?? [], team.id);
  return { administers: false, ...(team_id === undefined ? {} : { leads: { team_id, tree } }) };
}

/** A team, and what the caller is to it. */
export const managedResource = defineResource({
  type: "team",
  path: ["team_id"],
  async read({ table, path: { team_id }, caller }): Promise<Managed | undefined> {
    const team = await table.get(teamItem, { id: team_id });
    return team === undefined ? undefined : { team, standing: await standingIn(table, caller, team) };
  },
  subject: ({ team }) => team,
});

/** A member of a team, with all teams that they were put into. */
export const memberResource = defineResource({
  type: "team",
  path: ["team_id", "user_id"],
  async read({
    table,
    path: { team_id, user_id },
    caller,
  }): Promise<(Managed & { member: TeamMember; places: UserTeams | undefined }) | undefined> {
    const [team, member, places] = await table.table.batch([
      table.read(teamItem, { id: team_id }),
      table.read(teamMemberItem, { team_id, user_id }),
      table.read(userTeamsItem, { user_id }),
    ]);
    if (team === undefined || member === undefined) return undefined;
    return { team, member, places, standing: await standingIn(table, caller, team) };
  },
  subject: ({ team }) => team,
});

/** All teams of a member of the organization; a user who is not, or no longer, a member is unknown. */
export const userTeamsResource = defineResource({
  type: "user",
  path: ["user_id"],
  async read({ table, path: { user_id } }): Promise<TeamOfUser[] | undefined> {
    const { status, teams } = await readTeams(table, String(user_id));
    return status === undefined || status === "removed" ? undefined : teams;
  },
});

/**
 * What a user is in the organization and all their teams, in themselves and by inheritance: one strongly consistent
 * read. Whose membership is not active has none.
 */
export async function readTeams(
  table: TenantTable,
  user_id: string,
): Promise<{ readonly status: Membership["status"] | undefined; readonly teams: TeamOfUser[] }> {
  const [membership, places, tree] = await table.table.batch([
    table.read(membershipItem, { user_id }),
    table.read(userTeamsItem, { user_id }),
    table.read(teamTreeItem, {}),
  ]);
  const ended = new Set(tree?.ended);
  const live = (places?.teams ?? []).filter(({ team_id }) => !ended.has(team_id));
  const teams = membership?.status === "active" ? teamsWith(tree?.parents ?? {}, live) : [];
  return { status: membership?.status, teams };
}

/** The fields of a team that its lists are kept by; each index needs both of them. */
export const listed = (name: string, parent_id: string | null) => ({
  name,
  parent_id,
  name_key: nameKey(name),
  under: parent_id ?? NO_PARENT,
});

/** Changes a team that is as it was read. Counters that others move stay as they are. */
export function changeTeam(tenant: TenantTable, read: Team, set: Partial<Team>): Write {
  return tenant.writes.update(
    teamItem,
    { id: read.id },
    { set: { name_key: read.name_key, under: read.under, ...set } },
    { equals: { etag: read.etag } },
    (old) => (old === undefined ? notFound() : lostRace()),
  );
}

/** Keeps a name for a team. @returns a write that refuses with 409 `already_exists` */
export const takeName = ({ writes }: TenantTable, name_key: string, team_id: string): Write =>
  writes.create(teamNameItem, { name_key, team_id }, () =>
    alreadyExists("name", "Another team of the organization has this name."),
  );

export const freeName = ({ writes }: TenantTable, { name_key, id }: Team): Write =>
  writes.remove(teamNameItem, { name_key }, { equals: { team_id: id } }, lostRace);

/** Replaces the tree if it is as it was read, so that no two changes of it rest on the same one. An empty one is none. */
export function replaceTree(
  { writes }: TenantTable,
  read: Tree | undefined,
  next: Partial<Pick<Tree, "parents" | "ended">>,
  at: Date,
): Write {
  const tree: Tree = { parents: {}, ended: [], ...read, ...next, etag: newEtag(at) };
  const when = read === undefined ? { exists: false } : { equals: { etag: read.etag } };
  if (read !== undefined && Object.keys(tree.parents).length === 0 && tree.ended.length === 0)
    return writes.remove(teamTreeItem, {}, when, lostRace);
  return writes.put(teamTreeItem, tree, when, lostRace);
}

/** Writes the places of a user if they are as they were read. */
export function replacePlaces(
  { writes }: TenantTable,
  user_id: string,
  read: UserTeams | undefined,
  teams: readonly Place[],
  at: Date,
): Write {
  const when = read === undefined ? { exists: false } : { equals: { etag: read.etag } };
  if (read !== undefined && teams.length === 0) return writes.remove(userTeamsItem, { user_id }, when, lostRace);
  return writes.put(userTeamsItem, { user_id, teams: [...teams], etag: newEtag(at) }, when, lostRace);
}

/** Counts one more or one less in the transaction that adds or removes a member. @returns a write that keeps the limit */
export const countMember = (tenant: TenantTable, id: string, members: 1 | -1): Write =>
  countMembers(tenant, id, members);

/** The same for several at once. */
export const countMembers = ({ writes }: TenantTable, id: string, members: number): Write =>
  writes.update(
    teamItem,
    { id },
    { add: { member_count: members } },
    members > 0 ? { below: { member_count: teamLimits.members - members + 1 } } : { exists: true },
    (old) => (old === undefined ? notFound() : tooManyMembers()),
  );

export const tooManyMembers = (): Problem =>
  new Problem("conflict", `A team has at most ${teamLimits.members} members.`, {
    members: { limit: teamLimits.members },
  });

export const newMember = (
  team_id: string,
  user_id: string,
  role: TeamRole,
  added_by: string,
  at: Date,
): TeamMember => ({
  team_id,
  user_id,
  role,
  added_by,
  created_at: timestamp(at),
  updated_at: timestamp(at),
  etag: newEtag(at),
});
