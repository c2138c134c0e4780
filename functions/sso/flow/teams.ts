import { rolesByRule } from "../../../shared/access/given.ts";
import { commitChange, systemContext } from "../../../shared/change/commit.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { type Ruled, ruled } from "../../../shared/identity/group-rules.ts";
import { activeMember } from "../../../shared/identity/members.ts";
import { retentionOf } from "../../../shared/limits/retention.ts";
import { directoryReads, givesRole } from "../../scim/public.ts";
import { enterTeam, leaveTeam, placesOf, teamItem, userTeamsItem } from "../../teams/public.ts";
import { mayTake } from "../../users/public.ts";
import type { Profile } from "../model.ts";
import type { Judged } from "./judge.ts";

/**
 * What the connection's rules make of somebody by their groups. The company's directory comes first: it gives the roles of
 * those whom it describes where it has rules, and nobody else puts people into a team that it keeps, or takes them out.
 */
export async function byGroups(
  table: Table,
  { connection, organization }: Pick<Judged, "connection" | "organization">,
  { groups }: Pick<Profile, "groups">,
  user_id: string,
  role: string,
): Promise<Ruled> {
  const { group_rules, default_role } = connection;
  if (group_rules.length === 0) return { role, enter: [], leave: [] };
  const own = table.of(organization.id);
  const [places, ...directory] = await table.batch([
    own.read(userTeamsItem, { user_id }),
    ...directoryReads(own, user_id),
  ]);
  const team_ids = (places?.teams ?? []).map(({ team_id }) => team_id);
  const by_rule = await rolesByRule(own, [role, default_role, ...group_rules.flatMap((one) => one.role ?? [])]);
  const rule = ruled(group_rules, groups ?? undefined, { role, team_ids }, default_role, by_rule);
  const teams = [...rule.enter, ...rule.leave];
  const found = teams.length === 0 ? [] : await table.batch(teams.map((id) => own.read(teamItem, { id })));
  const kept = new Set(found.flatMap((team) => (team?.directory ? [team.id] : [])));
  const ours = (id: string) => !kept.has(id);
  return {
    role: givesRole(...directory) || !(await mayTake(own, connection.reach, role)) ? role : rule.role,
    enter: rule.enter.filter(ours),
    leave: rule.leave.filter(ours),
  };
}

const contextOf = ({ organization, connection }: Pick<Judged, "organization" | "connection">, at: Date) =>
  systemContext(organization.id, connection.id, at, retentionOf(organization).audit_days);

/** Takes a user out of teams, each in a transaction of its own. What is left already is left. */
export async function leaveTeams(
  table: Table,
  judged: Pick<Judged, "organization" | "connection">,
  user_id: string,
  teams: readonly string[],
  at: Date,
): Promise<void> {
  const tenant = judged.organization.id;
  for (const team_id of teams)
    await updateWithRetry(undefined, async () => {
      const places = await placesOf(table, tenant, user_id);
      if (!places.some((place) => place.team_id === team_id)) return;
      const { writes, events } = await leaveTeam(table, tenant, { team_id, user_id }, at);
      const [first, ...others] = events;
      // Of a team that is being deleted nothing is told: its deletion was.
      if (first === undefined) return table.transact(writes);
      await commitChange(table, contextOf(judged, at), { writes, events: [first, ...others] });
    });
}

/** Puts a user into teams. A team that is gone or full, or one too many, is left out: it keeps nobody from signing in. */
export async function enterTeams(
  table: Table,
  judged: Pick<Judged, "organization" | "connection">,
  user_id: string,
  teams: readonly string[],
  at: Date,
): Promise<void> {
  const tenant = judged.organization.id;
  for (const team_id of teams)
    try {
      await updateWithRetry(undefined, async () => {
        const own = table.of(tenant);
        const [team, places] = await table.batch([
          own.read(teamItem, { id: team_id }),
          own.read(userTeamsItem, { user_id }),
        ]);
        if (team === undefined) return;
        const entry = { user_id, role: "member", added_by: judged.connection.id, at } as const;
        const { writes, event } = enterTeam(table, tenant, team, entry, places);
        await commitChange(table, contextOf(judged, at), {
          writes: [...writes, activeMember(table, tenant, user_id, "user_id")],
          events: [event],
        });
      });
    } catch (error) {
      if (!(error instanceof Problem) || error.status >= 500) throw error;
    }
}
