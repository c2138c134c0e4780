import { userIdOf } from "../../shared/access/caller.ts";
import { changedFields, draft } from "../../shared/change/events.ts";
import { requireMatch, updateWithRetry } from "../../shared/change/update.ts";
import { timestamp } from "../../shared/clock.ts";
import type { Handler } from "../../shared/http/call.ts";
import { newEtag, newId } from "../../shared/ids.ts";
import { takeQuota } from "../../shared/limits/quota.ts";
import type { TeamsDeps } from "./deps.ts";
import { teamEvents } from "./events.ts";
import { nameKey } from "./model.ts";
import { placeUnder } from "./nesting/place.ts";
import type { operations } from "./operations.ts";
import { changeTeam, freeName, listed, type Team, takeName, teamItem } from "./store.ts";

export { addMember, changeMember, listMembers, listOfUser, removeMember } from "./members/handlers.ts";
export { move, remove } from "./nesting/handlers.ts";

type Ops = typeof operations;

export const create: Handler<Ops["create"], TeamsDeps> = async (call, { table }) => {
  const { caller, body, at } = call;
  const { name, description, parent_id } = body;
  const tenant = table.of(caller.organization.id);
  const id = newId("team", at);
  const team: Team = {
    ...listed(name, parent_id),
    id,
    organization_id: tenant.tenant,
    description,
    member_count: 0,
    created_by: userIdOf(caller.principal) ?? caller.principal.id,
    created_at: timestamp(at),
    updated_at: timestamp(at),
    etag: newEtag(at),
  };
  return updateWithRetry(undefined, async () =>
    call.commit(
      {
        writes: [
          call.stillPermitted(),
          takeName(tenant, team.name_key, id),
          takeQuota(tenant, caller.organization.plan, "teams"),
          tenant.writes.create(teamItem, team),
          ...(parent_id === null ? [] : await placeUnder(tenant, id, parent_id, at)),
        ],
        events: [draft(teamEvents, "team.created", { id, name }, { team_id: id, name, parent_id })],
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

/** Another name is taken and the old one is free in the transaction that renames the team. */
export const update: Handler<Ops["update"], TeamsDeps> = async (call, { table }) => {
  const { caller, body, at } = call;
  const tenant = table.of(caller.organization.id);
  return updateWithRetry(call.if_match, async (how) => {
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    const { name = read.name, description = read.description } = body;
    const set = { ...listed(name, read.parent_id), description };
    const changes = changedFields({ name: read.name, description: read.description }, { name, description });
    if (changes.length === 0) return read;
    const stamped = { ...set, updated_at: timestamp(at), etag: newEtag(at) };
    const { id, parent_id } = read;
    const changed_fields = changes.map(({ field }) => field);
    const renamed = set.name_key !== read.name_key;
    return call.commit(
      {
        writes: [
          call.stillPermitted(),
          changeTeam(tenant, read, stamped),
          ...(renamed ? [takeName(tenant, set.name_key, id), freeName(tenant, read)] : []),
        ],
        events: [
          draft(
            teamEvents,
            "team.updated",
            { id, name },
            { team_id: id, name, parent_id, changed_fields },
            { changes },
          ),
        ],
      },
      { ...read, ...stamped },
    );
  });
};
