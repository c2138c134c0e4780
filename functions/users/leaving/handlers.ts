import { userIdOf } from "../../../shared/access/caller.ts";
import type { ChangeSet } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { badReference, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { type Membership, membershipItem, PLATFORM, userOrganizationItem } from "../../../shared/identity/items.ts";
import { activeMember } from "../../../shared/identity/members.ts";
import { newEtag } from "../../../shared/ids.ts";
import { giveQuota } from "../../../shared/limits/quota.ts";
import type { UsersDeps } from "../deps.ts";
import { userEvents } from "../events.ts";
import { memberStates } from "../model.ts";
import type { operations } from "../operations.ts";
import { requireReach } from "../standing/reach.ts";
import { departure, type MemberRecord, type Removal, removalItem, replaceMembership } from "../store.ts";

type Ops = typeof operations;

interface Parting {
  readonly removed_by: string;
  readonly successor_id: string;
  readonly at: Date;
}

/**
 * What ends a membership: it is refused from then on, the seat is free, and what the member held comes due, all in one
 * transaction. The successor is proved to be an active member unless they are the caller, who is proved elsewhere.
 */
function part(table: Table, { user, membership }: MemberRecord, { removed_by, successor_id, at }: Parting) {
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
    webhooks_handed_over: 0,
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

export const remove: Handler<Ops["remove"], UsersDeps> = async (call, { table }) => {
  const { caller, query, at } = call;
  const removed_by = userIdOf(caller.principal) ?? caller.principal.id;
  const successor_id = query.successor_id ?? removed_by;
  return updateWithRetry(undefined, async (how) => {
    const read = await call.load(how);
    if (read.user.id === removed_by)
      throw new Problem("conflict", "Nobody removes themselves. Leave: POST /users/me/leave.");
    requireReach(caller, [read.membership.role]);
    const { removal, change } = part(table, read, { removed_by, successor_id, at });
    const successor =
      successor_id === removed_by ? [] : [activeMember(table, caller.organization.id, successor_id, "successor_id")];
    return call.commit({ ...change, writes: [call.stillPermitted(), ...successor, ...change.writes] }, removal);
  });
};

export const getRemoval: Handler<Ops["getRemoval"], UsersDeps> = (call) => call.load();

export const leave: Handler<Ops["leave"], UsersDeps> = async (call, { table }) => {
  const { caller, body, at } = call;
  const { user, member } = caller;
  if (member === null)
    throw new Problem("membership_inactive", "You have no active membership in this organization to end.");
  const organization_id = member.organization.id;
  return updateWithRetry(undefined, async ({ fresh }) => {
    const membership = fresh
      ? await table.of(organization_id).get(membershipItem, { user_id: user.id })
      : member.membership;
    if (membership?.status !== "active") throw memberStates.refusal(membership?.status ?? "removed", "active");
    const { successor_id } = body;
    const { removal, change } = part(table, { user, membership }, { removed_by: user.id, successor_id, at });
    const successor = activeMember(table, organization_id, successor_id, "successor_id");
    return call.commit({ ...change, writes: [successor, ...change.writes] }, removal, {
      tenant: organization_id,
      actor: caller.principal,
    });
  });
};
