import * as z from "zod";
import { defineItem, type ItemOf } from "../dynamo/item.ts";
import type { TenantTable } from "../dynamo/table.ts";

/** Levels of nesting of teams, one without a parent being the first. */
export const TEAM_LEVELS = 5;

export const teamRoleSchema = z.enum(["lead", "member"]).meta({ id: "TeamRole" });

/** The other direction in one item, so that all teams of a user are one read; changed with each `team_member`. */
export const userTeamsItem = defineItem({
  type: "user_teams",
  summary: "The teams that a user was put into, at most 100.",
  schema: z.object({
    user_id: z.string(),
    teams: z.array(z.object({ team_id: z.string(), role: teamRoleSchema })),
    etag: z.string(),
  }),
  key: { pk: "TEAMS_OF#{user_id}", sk: "TEAMS" },
});
export type UserTeams = ItemOf<typeof userTeamsItem>;

export const teamTreeItem = defineItem({
  type: "team_tree",
  summary: "Which team stands under which, of the whole organization: what moves a team replaces it as it was read.",
  schema: z.object({
    parents: z.record(z.string(), z.string()),
    /** Deleted teams whose members have not all been forgotten yet: nobody belongs to them any more. */
    ended: z.array(z.string()),
    etag: z.string(),
  }),
  key: { pk: "TEAM_TREE", sk: "TEAM_TREE" },
  json: ["parents"],
});
export type Tree = ItemOf<typeof teamTreeItem>;

/** Which team stands under which: the parent of each team that has one. */
export type Parents = Readonly<Record<string, string>>;

/** The teams above one, the nearest first. */
export function teamsAbove(parents: Parents, id: string): string[] {
  const above: string[] = [];
  for (let next = parents[id]; next !== undefined && above.length < TEAM_LEVELS; next = parents[next]) above.push(next);
  return above;
}

/** Ids of all teams of whoever was put into these: those above them belong to it. What is ended does not count. */
export function teamIdsOf(places: UserTeams | undefined, tree: Tree | undefined): string[] {
  const ended = new Set(tree?.ended);
  const own = (places?.teams ?? []).map(({ team_id }) => team_id).filter((id) => !ended.has(id));
  return [...new Set([...own, ...own.flatMap((id) => teamsAbove(tree?.parents ?? {}, id))])];
}

/** The same of a user: one strongly consistent read. */
export async function readTeamIds(tenant: TenantTable, user_id: string): Promise<string[]> {
  const [places, tree] = await tenant.table.batch([
    tenant.read(userTeamsItem, { user_id }),
    tenant.read(teamTreeItem, {}),
  ]);
  return teamIdsOf(places, tree);
}
