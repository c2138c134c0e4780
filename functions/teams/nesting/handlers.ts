import { draft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { newEtag } from "../../../shared/ids.ts";
import type { TeamsDeps } from "../deps.ts";
import { teamEvents } from "../events.ts";
import type { operations } from "../operations.ts";
import { changeTeam, listed } from "../store.ts";
import { endOfTeam, LARGEST_DELETION } from "./end.ts";
import { placeUnder } from "./place.ts";

type Ops = typeof operations;

export const move: Handler<Ops["move"], TeamsDeps> = async (call, { table }) => {
  const { caller, body, at } = call;
  const { parent_id } = body;
  const tenant = table.of(caller.organization.id);
  return updateWithRetry(undefined, async (how) => {
    const read = await call.load(how);
    if (read.parent_id === parent_id) return read;
    const { id, name } = read;
    const set = { ...listed(name, parent_id), updated_at: timestamp(at), etag: newEtag(at) };
    const changes = [{ field: "parent_id", old: read.parent_id, new: parent_id }];
    const data = { team_id: id, name, parent_id, changed_fields: ["parent_id"] };
    return call.commit(
      {
        writes: [
          call.stillPermitted(),
          changeTeam(tenant, read, set),
          ...(await placeUnder(tenant, id, parent_id, at)),
        ],
        events: [draft(teamEvents, "team.updated", { id, name }, data, { changes })],
      },
      { ...read, ...set },
    );
  });
};

export const remove: Handler<Ops["remove"], TeamsDeps> = async (call, { table }) => {
  const { caller, query, at } = call;
  const tenant = table.of(caller.organization.id);
  return updateWithRetry(undefined, async (how) => {
    const read = await call.load(how);
    const ending = await endOfTeam(table, tenant, read, at);
    if (ending.children.length > 0 && query.children === "refuse") throw hasChildren(ending.children.length);
    const { writes, event } = ending;
    const change = { writes: [call.stillPermitted(), ...writes], largest: LARGEST_DELETION, events: [event] } as const;
    return call.commit(change, undefined);
  });
};

const hasChildren = (count: number): Problem =>
  new Problem(
    "conflict",
    `${count} teams stand under this one. Move them, or delete it with \`children=reparent\`: they go to its parent.`,
    { members: { child_count: count } },
  );
