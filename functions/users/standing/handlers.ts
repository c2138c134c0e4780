import { personBehind } from "../../../shared/access/caller.ts";
import { draft } from "../../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import type { Membership } from "../../../shared/identity/items.ts";
import { newEtag } from "../../../shared/ids.ts";
import type { UsersDeps } from "../deps.ts";
import { userEvents } from "../events.ts";
import { memberStates, toMember } from "../model.ts";
import type { operations } from "../operations.ts";
import { replaceMembership } from "../store.ts";
import { moveStanding } from "./move.ts";
import { requireGivable, requireReach } from "./reach.ts";

type Ops = typeof operations;

/** Whoever changes themselves writes the very item that the proof would look at: it is looked at as it was read. */
function proof(call: Call<Ops["assignRole"]>, read: Membership): Write[] {
  if (read.user_id !== personBehind(call.caller.principal)) return [call.stillPermitted()];
  call.requireSameStanding(read);
  return [];
}

export const assignRole: Handler<Ops["assignRole"], UsersDeps> = async (call, { table }) => {
  const { caller, body, at } = call;
  return updateWithRetry(call.if_match, async (how) => {
    const { user, membership: read } = await call.load(how);
    const permitted = proof(call, read);
    await requireReach(table, caller, [read.role]);
    const given = await requireGivable(table, caller, body.role);
    requireMatch(call.if_match, read.etag);
    if (read.role === body.role) return toMember(user, read);
    const next: Membership = { ...read, role: body.role, updated_at: timestamp(at), etag: newEtag(at) };
    const data = {
      user_id: user.id,
      organization_id: read.organization_id,
      role: next.role,
      previous_role: read.role,
    };
    const changes = [{ field: "role", old: read.role, new: next.role }];
    return call.commit(
      {
        writes: [...permitted, ...given, ...replaceMembership(table, read, next)],
        events: [draft(userEvents, "membership.role_changed", { id: user.id, name: user.name }, data, { changes })],
      },
      toMember(user, next),
    );
  });
};

/** Moves a membership between active and suspended. */
async function move(
  call: Call<Ops["suspend"]> | Call<Ops["restore"]>,
  { table }: UsersDeps,
  to: "active" | "suspended",
) {
  const { caller, at } = call;
  const from = to === "active" ? "suspended" : "active";
  return updateWithRetry(undefined, async (how) => {
    const { user, membership: read } = await call.load(how);
    if (user.id === personBehind(caller.principal)) throw new Problem("conflict", "Nobody changes their own standing.");
    await requireReach(table, caller, [read.role]);
    // Whom the directory has suspended, it may restore: not any more once an administrator has said so too.
    const byDirectoryOnly = to === "suspended" && read.suspended_by === "directory";
    if (read.status !== from && !byDirectoryOnly) throw memberStates.refusal(read.status, [from]);
    const { next, writes, event } = moveStanding(table, { user, membership: read }, to, at);
    return call.commit({ writes: [call.stillPermitted(), ...writes], events: [event] }, toMember(user, next));
  });
}

export const suspend: Handler<Ops["suspend"], UsersDeps> = (call, deps) => move(call, deps, "suspended");

export const restore: Handler<Ops["restore"], UsersDeps> = (call, deps) => move(call, deps, "active");
