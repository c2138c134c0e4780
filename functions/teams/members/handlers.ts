import { userIdOf } from "../../../shared/access/caller.ts";
import { requireMatch, updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { activeMember } from "../../../shared/identity/members.ts";
import { newEtag } from "../../../shared/ids.ts";
import type { TeamsDeps } from "../deps.ts";
import type { operations } from "../operations.ts";
import { countMember, replacePlaces, teamMemberItem, userTeamsItem } from "../store.ts";
import { allMembers, ownMembers } from "./list.ts";
import { enterTeam, leavingWrites, memberEvent } from "./places.ts";
import { requireKeptHere, requireManager, stillManaging } from "./standing.ts";

type Ops = typeof operations;

export const listMembers: Handler<Ops["listMembers"], TeamsDeps> = async (call, { table }) => {
  const { id: team_id } = await call.load();
  const { inherited, ...query } = call.query;
  const tenant = table.of(call.context.tenant);
  return (inherited ? allMembers : ownMembers)(tenant, { team_id, ...query });
};

export const addMember: Handler<Ops["addMember"], TeamsDeps> = async (call, deps) => {
  const { caller, body, at } = call;
  const { table } = deps;
  const { user_id, role } = body;
  const tenant = caller.organization.id;
  const added_by = userIdOf(caller.principal) ?? caller.principal.id;
  return updateWithRetry(undefined, async (how) => {
    const seen = await call.load(how);
    requireManager(seen);
    requireKeptHere(seen.team);
    const places = await table.of(tenant).get(userTeamsItem, { user_id });
    const { member, writes, event } = enterTeam(table, tenant, seen.team, { user_id, role, added_by, at }, places);
    return call.commit(
      {
        writes: [
          ...stillManaging(call, deps, seen, user_id),
          // What proves the caller's rights proves that the caller is a member.
          ...(user_id === userIdOf(caller.principal) ? [] : [activeMember(table, tenant, user_id, "user_id")]),
          ...writes,
        ],
        events: [event],
      },
      member,
    );
  });
};

export const changeMember: Handler<Ops["changeMember"], TeamsDeps> = async (call, deps) => {
  const { caller, body, at } = call;
  const tenant = deps.table.of(caller.organization.id);
  return updateWithRetry(call.if_match, async (how) => {
    const { member: read, places, ...seen } = await call.load(how);
    requireManager(seen);
    requireMatch(call.if_match, read.etag);
    if (read.role === body.role) return read;
    const next = { ...read, role: body.role, updated_at: timestamp(at), etag: newEtag(at) };
    const { team_id, user_id, role } = next;
    const others = (places?.teams ?? []).filter((place) => place.team_id !== team_id);
    const changes = [{ field: "role", old: read.role, new: role }];
    return call.commit(
      {
        writes: [
          ...stillManaging(call, deps, seen, user_id),
          tenant.writes.replace(teamMemberItem, next, read.etag),
          replacePlaces(tenant, user_id, places, [...others, { team_id, role }], at),
        ],
        events: [memberEvent("team.member_role_changed", seen.team, next, { changes })],
      },
      next,
    );
  });
};

export const removeMember: Handler<Ops["removeMember"], TeamsDeps> = async (call, deps) => {
  const { caller, at } = call;
  const { table } = deps;
  const tenant = caller.organization.id;
  return updateWithRetry(undefined, async (how) => {
    const { member, places, ...seen } = await call.load(how);
    requireManager(seen);
    requireKeptHere(seen.team);
    return call.commit(
      {
        writes: [
          ...stillManaging(call, deps, seen, member.user_id),
          ...leavingWrites(table, tenant, member, places, at),
          countMember(table.of(tenant), seen.team.id, -1),
        ],
        events: [memberEvent("team.member_removed", seen.team, member)],
      },
      undefined,
    );
  });
};

export const listOfUser: Handler<Ops["listOfUser"], TeamsDeps> = async (call) => ({
  items: await call.load(),
  next_cursor: null,
});
