import { userIdOf } from "../../shared/access/caller.ts";
import { requireMatch, updateWithRetry } from "../../shared/change/update.ts";
import type { Handler } from "../../shared/http/call.ts";
import type { TeamsDeps } from "./deps.ts";
import { changedTeam, newTeam } from "./making/team.ts";
import { requireKeptHere } from "./members/standing.ts";
import { nameKey } from "./model.ts";
import { placeUnder } from "./nesting/place.ts";
import type { operations } from "./operations.ts";
import { teamItem } from "./store.ts";

export { addMember, changeMember, listMembers, listOfUser, removeMember } from "./members/handlers.ts";
export { move, remove } from "./nesting/handlers.ts";

type Ops = typeof operations;

export const create: Handler<Ops["create"], TeamsDeps> = async (call, { table }) => {
  const { caller, body, at } = call;
  const { parent_id } = body;
  const tenant = table.of(caller.organization.id);
  const created_by = userIdOf(caller.principal) ?? caller.principal.id;
  const { team, writes, event } = newTeam(
    tenant,
    caller.organization.plan,
    { ...body, created_by, directory: false },
    at,
  );
  return updateWithRetry(undefined, async () =>
    call.commit(
      {
        writes: [
          call.stillPermitted(),
          ...writes,
          ...(parent_id === null ? [] : await placeUnder(tenant, team.id, parent_id, at)),
        ],
        events: [event],
      },
      team,
    ),
  );
};

export const list: Handler<Ops["list"], TeamsDeps> = async ({ caller, query }, { table }) => {
  const { search, parent_id: under, limit, cursor } = query;
  const name = search === undefined ? {} : { name_key: nameKey(search) };
  const tenant = table.of(caller.organization.id);
  return under === undefined
    ? tenant.page(teamItem, { index: "gsi1", of: name, limit, cursor })
    : tenant.page(teamItem, { index: "gsi2", of: { under, ...name }, limit, cursor });
};

export const get: Handler<Ops["get"], TeamsDeps> = (call) => call.load();

export const update: Handler<Ops["update"], TeamsDeps> = async (call, { table }) => {
  const { caller, body, at } = call;
  const tenant = table.of(caller.organization.id);
  return updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    if (body.name !== undefined && body.name !== read.name) requireKeptHere(read);
    const { team, writes, event } = changedTeam(tenant, read, body, at);
    if (event === undefined) return read;
    return call.commit({ writes: [call.stillPermitted(), ...writes], events: [event] }, team);
  });
};
