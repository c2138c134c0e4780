import { userIdOf } from "../../../shared/access/caller.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { membershipItem } from "../../../shared/identity/items.ts";
import { activeMember } from "../../../shared/identity/members.ts";
import type { UsersDeps } from "../deps.ts";
import { memberStates } from "../model.ts";
import type { operations } from "../operations.ts";
import { requireReach } from "../standing/reach.ts";
import { part } from "./part.ts";

type Ops = typeof operations;

export const remove: Handler<Ops["remove"], UsersDeps> = async (call, { table }) => {
  const { caller, query, at } = call;
  const removed_by = userIdOf(caller.principal) ?? caller.principal.id;
  const successor_id = query.successor_id ?? removed_by;
  return updateWithRetry(undefined, async (how) => {
    const read = await call.load(how);
    if (read.user.id === removed_by)
      throw new Problem("conflict", "Nobody removes themselves. Leave: POST /users/me/leave.");
    await requireReach(table, caller, [read.membership.role]);
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
