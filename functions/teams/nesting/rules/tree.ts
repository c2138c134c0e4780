import { Problem } from "../../../../shared/errors.ts";
import { type Parents, teamsAbove } from "../../../../shared/identity/team-tree.ts";
import { type TeamOfUser, type TeamRole, teamLimits } from "../../model.ts";

export { type Parents, teamsAbove };

/** The teams directly under one, in order of their ids. */
export const childrenOf = (parents: Parents, id: string): string[] =>
  Object.keys(parents)
    .filter((child) => parents[child] === id)
    .sort();

/** All teams under one, in order of their ids. */
export const teamsBelow = (parents: Parents, id: string): string[] =>
  Object.keys(parents)
    .filter((other) => teamsAbove(parents, other).includes(id))
    .sort();

/** Levels that a team and those below it take: 1 for one without children. */
export const heightOf = (parents: Parents, id: string): number =>
  1 + Math.max(0, ...teamsBelow(parents, id).map((other) => teamsAbove(parents, other).indexOf(id) + 1));

const misplaced = (detail: string, members: Readonly<Record<string, unknown>>): Problem =>
  new Problem("conflict", detail, { issues: [{ path: "parent_id", message: detail }], members });

/**
 * The tree with a team under another parent, or under none; what is below the team comes along.
 * @throws Problem `conflict` where it would stand below itself or too deep, or where there is no room
 */
export function placed(parents: Parents, id: string, parent_id: string | null): Parents {
  const { [id]: _, ...rest } = parents;
  if (parent_id === null) return rest;
  if (parent_id === id || teamsAbove(parents, parent_id).includes(id))
    throw misplaced("A team cannot stand below itself.", { state: "circle" });
  const levels = teamsAbove(parents, parent_id).length + 1 + heightOf(parents, id);
  if (levels > teamLimits.levels)
    throw misplaced(`Teams have ${teamLimits.levels} levels at most; this would make ${levels}.`, {
      limit: teamLimits.levels,
    });
  if (childrenOf(rest, parent_id).length >= teamLimits.children)
    throw misplaced(`A team has at most ${teamLimits.children} teams directly under it.`, {
      limit: teamLimits.children,
    });
  if (Object.keys(rest).length >= teamLimits.nested)
    throw misplaced(`An organization has at most ${teamLimits.nested} teams that stand under another.`, {
      limit: teamLimits.nested,
    });
  return { ...rest, [id]: parent_id };
}

/** The tree without a team; those directly under it stand where it stood. @throws Problem `conflict`, as above */
export function removed(parents: Parents, id: string): Parents {
  const heir = parents[id] ?? null;
  const { [id]: _, ...rest } = parents;
  return childrenOf(parents, id).reduce<Parents>((tree, child) => placed(tree, child, heir), rest);
}

/** A team that somebody was put into, and as what. */
export interface Place {
  readonly team_id: string;
  readonly role: TeamRole;
}

/** All teams of whoever has these places: their own first, then those above them, each once. */
export function teamsWith(parents: Parents, places: readonly Place[]): TeamOfUser[] {
  const teams = new Map<string, TeamOfUser>(places.map((place) => [place.team_id, { ...place, inherited_from: null }]));
  for (const { team_id: inherited_from } of places)
    for (const team_id of teamsAbove(parents, inherited_from))
      if (!teams.has(team_id)) teams.set(team_id, { team_id, role: "member", inherited_from });
  return [...teams.values()];
}

/** The team by which somebody with these places leads this one: itself, or the nearest above it; undefined for none. */
export const ledBy = (parents: Parents, places: readonly Place[], id: string): string | undefined =>
  [id, ...teamsAbove(parents, id)].find((one) =>
    places.some(({ team_id, role }) => team_id === one && role === "lead"),
  );
