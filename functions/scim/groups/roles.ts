import { draft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { ruled } from "../../../shared/identity/group-rules.ts";
import { type Membership, membershipItem } from "../../../shared/identity/items.ts";
import { newEtag } from "../../../shared/ids.ts";
import { nameKey } from "../../teams/model.ts";
import { teamNameItem, userTeamsItem } from "../../teams/public.ts";
import { userEvents } from "../../users/events.ts";
import { replaceMembership } from "../../users/public.ts";
import { commit, type DirectoryCall } from "../protocol/call.ts";
import { type ScimSettings, scimGroupItem, settingsItem } from "../store.ts";

/** People whose roles are judged in one transaction: three items each where it changes. */
const AT_A_TIME = 25;

/**
 * Gives people the roles that the organization's rules say by the groups of the directory that they are in now. Said again
 * after each change of a group, for everybody whom it was about: whatever was broken off is made right by repeating it.
 * @param without a group that counts no more, because it is deleted next
 */
export async function applyRoles(
  table: Table,
  call: DirectoryCall,
  ids: readonly string[],
  without?: string,
): Promise<void> {
  if (ids.length === 0) return;
  const own = table.of(call.context.tenant);
  const settings = await own.get(settingsItem, {});
  if (settings === undefined || settings.group_rules.length === 0) return;
  const groups = await ruledGroups(table, call, settings, without);
  for (let i = 0; i < ids.length; i += AT_A_TIME) {
    const some = ids.slice(i, i + AT_A_TIME);
    await updateWithRetry(undefined, () => applyTo(table, call, settings, groups, some));
  }
}

/** The names that rules have, by the ids of the directory's groups that have them. */
async function ruledGroups(
  table: Table,
  { context: { tenant } }: DirectoryCall,
  { group_rules }: ScimSettings,
  without: string | undefined,
) {
  const own = table.of(tenant);
  const named = await table.batch(
    group_rules.map(({ group }) => own.read(teamNameItem, { name_key: nameKey(group.trim()) })),
  );
  const ids = named.map((found) => found?.team_id ?? "none");
  const groups = await table.batch(ids.map((id) => own.read(scimGroupItem, { id })));
  return new Map(
    groups.flatMap((group, i) =>
      group === undefined || group.id === without ? [] : [[group.id, group_rules[i]?.group ?? ""]],
    ),
  );
}

async function applyTo(
  table: Table,
  call: DirectoryCall,
  { group_rules, default_role }: ScimSettings,
  groups: ReadonlyMap<string, string>,
  ids: readonly string[],
): Promise<void> {
  const { at } = call;
  const own = table.of(call.context.tenant);
  const memberships = await table.batch(ids.map((user_id) => own.read(membershipItem, { user_id })));
  const places = await table.batch(ids.map((user_id) => own.read(userTeamsItem, { user_id })));
  const changes = memberships.flatMap((read, i) => {
    if (read === undefined || read.status === "removed") return [];
    const teams = (places[i]?.teams ?? []).flatMap(({ team_id }) => groups.get(team_id) ?? []);
    const { role } = ruled(group_rules, teams, { role: read.role, team_ids: [] }, default_role);
    if (role === read.role) return [];
    const next: Membership = { ...read, role, updated_at: timestamp(at), etag: newEtag(at) };
    const { user_id, organization_id } = read;
    const data = { user_id, organization_id, role, previous_role: read.role };
    return [
      {
        writes: replaceMembership(table, read, next),
        event: draft(userEvents, "membership.role_changed", { id: user_id }, data, {
          changes: [{ field: "role", old: read.role, new: role }],
        }),
      },
    ];
  });
  const [first, ...others] = changes.map(({ event }) => event);
  if (first === undefined) return;
  const writes = changes.flatMap((one) => one.writes);
  await commit(call, { writes, events: [first, ...others], largest: 2 + AT_A_TIME * 3 });
}
