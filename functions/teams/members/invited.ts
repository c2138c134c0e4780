import type { Caller } from "../../../shared/access/caller.ts";
import type { EventDraft } from "../../../shared/change/events.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { rereading, type Write } from "../../../shared/dynamo/write.ts";
import { badReference } from "../../../shared/errors.ts";
import { teamLimits } from "../model.ts";
import { managedResource, teamItem, userTeamsItem } from "../store.ts";
import { enterTeams } from "./places.ts";
import { requireKeptHere, requireManager } from "./standing.ts";

/**
 * Refuses to promise a place in teams whose members the caller does not decide about.
 * @throws Problem `reference_not_found` for an unknown team, `forbidden` for one that is not theirs
 */
export async function requireManaged(table: Table, caller: Caller, team_ids: readonly string[], at: Date) {
  const own = table.of(caller.organization.id);
  for (const [i, team_id] of team_ids.entries()) {
    const managed = await managedResource.read({ table: own, path: { team_id }, caller, at, fresh: false });
    if (managed === undefined) throw badReference(`team_ids.${i}`);
    requireManager(managed);
    requireKeptHere(managed.team);
  }
}

/**
 * Puts somebody who joins into the teams that they were promised, as members: those of them that are still there, have
 * room, and that the user is not in yet.
 */
export async function enterPromised(
  table: Table,
  tenant: string,
  team_ids: readonly string[],
  entry: { readonly user_id: string; readonly added_by: string; readonly at: Date },
): Promise<{ readonly writes: readonly Write[]; readonly events: readonly EventDraft[]; readonly entered: string[] }> {
  if (team_ids.length === 0) return { writes: [], events: [], entered: [] };
  const own = table.of(tenant);
  const places = await own.get(userTeamsItem, { user_id: entry.user_id });
  const teams = await table.batch(team_ids.map((id) => own.read(teamItem, { id })));
  const before = places?.teams ?? [];
  const found = teams.flatMap((team) =>
    team !== undefined && team.member_count < teamLimits.members && !before.some(({ team_id }) => team_id === team.id)
      ? [{ team, role: "member" as const }]
      : [],
  );
  const entries = found.slice(0, teamLimits.teams_of_user - before.length);
  const { writes, events } = enterTeams(table, tenant, entries, entry, places);
  return { writes: rereading(writes), events, entered: entries.map(({ team }) => team.id) };
}
