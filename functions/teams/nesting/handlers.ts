import { draft } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import { timestamp } from "../../../shared/clock.ts";
import { lostRace } from "../../../shared/dynamo/write.ts";
import { notFound, Problem } from "../../../shared/errors.ts";
import type { Handler } from "../../../shared/http/call.ts";
import { newEtag } from "../../../shared/ids.ts";
import { giveQuota } from "../../../shared/limits/quota.ts";
import type { TeamsDeps } from "../deps.ts";
import { teamEvents } from "../events.ts";
import { teamLimits } from "../model.ts";
import type { operations } from "../operations.ts";
import { changeTeam, freeName, listed, replaceTree, teamItem, teamTreeItem } from "../store.ts";
import { placeUnder } from "./place.ts";
import { childrenOf, removed } from "./rules/tree.ts";

/** Items at most: each child, and the team, its name, its place in the plan, the tree, the proof, event, audit entry, answer. */
const LARGEST_DELETION = teamLimits.children + 8;

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

/**
 * The team is gone with this transaction: its name and its place in the plan are free, nobody belongs to it any more, and
 * the teams under it stand under its parent. What is left of its members follows (`consumers.ts`).
 */
export const remove: Handler<Ops["remove"], TeamsDeps> = async (call, { table }) => {
  const { caller, query, at } = call;
  const tenant = table.of(caller.organization.id);
  return updateWithRetry(undefined, async (how) => {
    const read = await call.load(how);
    const { id, name, parent_id } = read;
    const tree = await tenant.get(teamTreeItem, {});
    const children = childrenOf(tree?.parents ?? {}, id);
    if (children.length > 0 && query.children === "refuse") throw hasChildren(children.length);
    const found = await table.batch(children.map((child) => tenant.read(teamItem, { id: child })));
    const stamp = { updated_at: timestamp(at), etag: newEtag(at) };
    const next = { parents: removed(tree?.parents ?? {}, id), ended: [...(tree?.ended ?? []), id] };
    return call.commit(
      {
        writes: [
          call.stillPermitted(),
          tenant.writes.remove(teamItem, { id }, { equals: { etag: read.etag } }, (old) =>
            old === undefined ? notFound() : lostRace(),
          ),
          freeName(tenant, read),
          giveQuota(tenant, "teams"),
          replaceTree(tenant, tree, next, at),
          ...found.flatMap((child) =>
            child === undefined ? [] : [changeTeam(tenant, child, { ...listed(child.name, parent_id), ...stamp })],
          ),
        ],
        largest: LARGEST_DELETION,
        events: [draft(teamEvents, "team.deleted", { id, name }, { team_id: id, name, parent_id, children })],
      },
      undefined,
    );
  });
};

const hasChildren = (count: number): Problem =>
  new Problem(
    "conflict",
    `${count} teams stand under this one. Move them, or delete it with \`children=reparent\`: they go to its parent.`,
    { members: { child_count: count } },
  );
