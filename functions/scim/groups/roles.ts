import { rolesByRule } from "../../../shared/access/given.ts";
import { roleThere } from "../../../shared/access/own-roles.ts";
import type { ChangeSet } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { ruled } from "../../../shared/identity/group-rules.ts";
import { type Membership, membershipItem } from "../../../shared/identity/items.ts";
import { newEtag } from "../../../shared/ids.ts";
import { nameKey } from "../../teams/model.ts";
import { teamNameItem, type UserTeams, userTeamsItem } from "../../teams/public.ts";
import { userEvents } from "../../users/events.ts";
import { mayTake, replaceMembership } from "../../users/public.ts";
import { commit, type DirectoryCall } from "../protocol/call.ts";
import { type ScimSettings, scimGroupItem, settingsItem } from "../store.ts";

/** People whose roles are judged in one transaction: four items each where it changes, and the role if it is the organization's own. */
const AT_A_TIME = 19;

/** For whom, and how a change is committed: under the proof of a directory's token, or by what follows an event. */
export interface Judging {
  readonly table: Table;
  readonly tenant: string;
  readonly at: Date;
  commit(change: ChangeSet): Promise<void>;
}

/** What a directory's own request judges. */
export const judgingOf = (table: Table, call: DirectoryCall): Judging => ({
  table,
  tenant: call.context.tenant,
  at: call.at,
  commit: (change) => commit(call, change),
});

/**
 * Gives people the roles that the organization's rules say by the groups of the directory that they are in now. Said again
 * after each change of a group, for everybody whom it was about, and once more by what follows its event (`followGroup`):
 * whatever was broken off is made right by repeating it.
 * @param without a group that counts no more, because it is deleted
 * @param until when a request has to end, by `performance.now()`: the rest is left to what follows
 */
export async function applyRoles(
  judging: Judging,
  ids: readonly string[],
  { without, until = Number.POSITIVE_INFINITY }: { readonly without?: string; readonly until?: number } = {},
): Promise<void> {
  if (ids.length === 0) return;
  const own = judging.table.of(judging.tenant);
  for (let i = 0; i < ids.length; i += AT_A_TIME) {
    if (performance.now() > until) return;
    const some = ids.slice(i, i + AT_A_TIME);
    // What the rules are and how groups are called is read each time: much may have been renamed since the first of many.
    await updateWithRetry(undefined, async () => {
      const settings = await own.get(settingsItem, {});
      if (settings === undefined || settings.group_rules.length === 0) return;
      await applyTo(judging, settings, await ruledGroups(own, settings, without), some);
    });
  }
}

/** The names that rules have, by the ids of the directory's groups that have them. */
async function ruledGroups(own: TenantTable, { group_rules }: ScimSettings, without: string | undefined) {
  const named = await own.table.batch(
    group_rules.map(({ group }) => own.read(teamNameItem, { name_key: nameKey(group.trim()) })),
  );
  const ids = named.map((found) => found?.team_id ?? "none");
  const groups = await own.table.batch(ids.map((id) => own.read(scimGroupItem, { id })));
  return new Map(
    groups.flatMap((group, i) =>
      group === undefined || group.id === without ? [] : [[group.id, group_rules[i]?.group ?? ""]],
    ),
  );
}

async function applyTo(
  { table, tenant, at, commit }: Judging,
  { group_rules, default_role, reach }: ScimSettings,
  groups: ReadonlyMap<string, string>,
  ids: readonly string[],
): Promise<void> {
  const own = table.of(tenant);
  const memberships = await table.batch(ids.map((user_id) => own.read(membershipItem, { user_id })));
  const places = await table.batch(ids.map((user_id) => own.read(userTeamsItem, { user_id })));
  const named = [default_role, ...group_rules.map(({ role }) => role), ...memberships.map((one) => one?.role ?? "")];
  const by_rule = await rolesByRule(own, named);
  const each = memberships.map(async (read, i) => {
    if (read === undefined || read.status === "removed") return [];
    const teams = (places[i]?.teams ?? []).flatMap(({ team_id }) => groups.get(team_id) ?? []);
    const { role } = ruled(group_rules, teams, { role: read.role, team_ids: [] }, default_role, by_rule);
    if (role === read.role || !(await mayTake(own, reach, read.role))) return [];
    const next: Membership = { ...read, role, updated_at: timestamp(at), etag: newEtag(at) };
    const { user_id, organization_id } = read;
    const data = { user_id, organization_id, role, previous_role: read.role };
    return [
      {
        role,
        writes: [...replaceMembership(table, read, next), placesStand(own, user_id, places[i])],
        event: draft(userEvents, "membership.role_changed", { id: user_id }, data, {
          changes: [{ field: "role", old: read.role, new: role }],
        }),
      },
    ];
  });
  const changes = (await Promise.all(each)).flat();
  const [first, ...others] = changes.map(({ event }) => event);
  if (first === undefined) return;
  const roles = [...new Set(changes.map(({ role }) => role))];
  const writes = [
    ...roles.flatMap((role) => roleThere(own, role, true, lostRace)),
    ...changes.flatMap((one) => one.writes),
  ];
  await commit({ writes, events: [first, ...others], largest: 2 + AT_A_TIME * 5 });
}

/** Two who judge at once by different groups do not both write: the groups are those by which it was judged. */
const placesStand = ({ writes }: TenantTable, user_id: string, places: UserTeams | undefined): Write =>
  writes.check(
    userTeamsItem,
    { user_id },
    places === undefined ? { exists: false } : { equals: { etag: places.etag } },
    lostRace,
  );
