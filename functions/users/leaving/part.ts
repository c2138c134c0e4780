import type { ChangeSet } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { badReference } from "../../../shared/errors.ts";
import { type Membership, PLATFORM, userOrganizationItem } from "../../../shared/identity/items.ts";
import { newEtag } from "../../../shared/ids.ts";
import { giveQuota } from "../../../shared/limits/quota.ts";
import { userEvents } from "../events.ts";
import { departure, type MemberRecord, type Removal, removalItem, replaceMembership } from "../store.ts";

/** Who ends a membership, and who gets what the member owned. */
export interface Parting {
  /** A user, or the token of a directory. */
  readonly removed_by: string;
  readonly successor_id: string;
  readonly at: Date;
}

/**
 * What ends a membership: it is refused from then on, the seat is free, and what the member held comes due, all in one
 * transaction. The successor is proved to be an active member unless they are the caller, who is proved elsewhere.
 */
export function part(table: Table, { user, membership }: MemberRecord, { removed_by, successor_id, at }: Parting) {
  const { organization_id, role } = membership;
  const tenant = table.of(organization_id);
  if (successor_id === user.id) throw badReference("successor_id", "is the one who goes");
  const next: Membership = { ...membership, status: "removed", updated_at: timestamp(at), etag: newEtag(at) };
  const removal: Removal = {
    user_id: user.id,
    organization_id,
    successor_id,
    status: "running",
    invitations_revoked: 0,
    teams_left: 0,
    workspaces_left: 0,
    workspaces_handed_over: 0,
    agents_handed_over: 0,
    pipelines_handed_over: 0,
    schedules_handed_over: 0,
    webhooks_handed_over: 0,
    threads_deleted: 0,
    api_keys_revoked: 0,
    removed_by,
    removed_at: timestamp(at),
    completed_at: null,
    looked_at: null,
  };
  const way = { user_id: user.id, organization_id };
  const change: ChangeSet = {
    writes: [
      ...replaceMembership(table, membership, next),
      table.of(PLATFORM).writes.remove(userOrganizationItem, way, {}),
      giveQuota(tenant, "users"),
      tenant.writes.put(removalItem, removal),
      departure.set(tenant, user.id, at),
    ],
    events: [
      draft(
        userEvents,
        "membership.removed",
        { id: user.id, name: user.name },
        { user_id: user.id, organization_id, role, successor_id },
        { changes: [{ field: "status", old: membership.status, new: "removed" }] },
      ),
    ],
  };
  return { removal, change };
}
