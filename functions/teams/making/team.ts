import { changedFields, draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import type { Organization } from "../../../shared/identity/items.ts";
import { newEtag, newId } from "../../../shared/ids.ts";
import { takeQuota } from "../../../shared/limits/quota.ts";
import { teamEvents } from "../events.ts";
import { changeTeam, freeName, listed, type Team, takeName, teamItem } from "../store.ts";

/** A team that is to be made. */
interface Wish extends Pick<Team, "name" | "description" | "created_by" | "directory"> {
  readonly parent_id: string | null;
}

/** A new team: its name and its place in the plan are taken by the writes that make it. */
export function newTeam(
  tenant: TenantTable,
  plan: Organization["plan"],
  { name, description, parent_id, created_by, directory }: Wish,
  at: Date,
): { readonly team: Team; readonly writes: Write[]; readonly event: EventDraft } {
  const id = newId("team", at);
  const team: Team = {
    ...listed(name, parent_id),
    id,
    organization_id: tenant.tenant,
    description,
    directory,
    member_count: 0,
    created_by,
    created_at: timestamp(at),
    updated_at: timestamp(at),
    etag: newEtag(at),
  };
  return {
    team,
    writes: [
      takeName(tenant, team.name_key, id),
      takeQuota(tenant, plan, "teams"),
      tenant.writes.create(teamItem, team),
    ],
    event: draft(teamEvents, "team.created", { id, name }, { team_id: id, name, parent_id }),
  };
}

/**
 * Another name or description. Another name is taken and the old one is free in the transaction that renames the team.
 * @returns no event where nothing changes
 */
export function changedTeam(
  tenant: TenantTable,
  read: Team,
  {
    name = read.name,
    description = read.description,
  }: { readonly name?: string | undefined; readonly description?: string | undefined },
  at: Date,
): { readonly team: Team; readonly writes: Write[]; readonly event: EventDraft | undefined } {
  const set = { ...listed(name, read.parent_id), description };
  const changes = changedFields({ name: read.name, description: read.description }, { name, description });
  if (changes.length === 0) return { team: read, writes: [], event: undefined };
  const stamped = { ...set, updated_at: timestamp(at), etag: newEtag(at) };
  const { id, parent_id } = read;
  const changed_fields = changes.map(({ field }) => field);
  const renamed = set.name_key !== read.name_key;
  return {
    team: { ...read, ...stamped },
    writes: [
      changeTeam(tenant, read, stamped),
      ...(renamed ? [takeName(tenant, set.name_key, id), freeName(tenant, read)] : []),
    ],
    event: draft(
      teamEvents,
      "team.updated",
      { id, name },
      { team_id: id, name, parent_id, changed_fields },
      { changes },
    ),
  };
}
