import type { Handler } from "../../../shared/http/call.ts";
import type { Platform } from "../../../shared/http/platform.ts";
import type { directoryOperations } from "../operations.ts";
import { answer, unchanged } from "../protocol/call.ts";
import { memberOf } from "../rules/attributes.ts";
import { normalizeGroup } from "../rules/schemas.ts";
import { patchGroup as patch, replaceGroup as replace } from "./change.ts";
import { createGroup as create } from "./create.ts";
import { listGroups as list } from "./list.ts";
import { groupOf, groupResource, versionOf, wantsMembers } from "./read.ts";
import { removeGroup } from "./remove.ts";

type Ops = typeof directoryOperations;
type Deps = Pick<Platform, "table">;

export const createGroup: Handler<Ops["createGroup"], Deps> = async (call, { table }) => {
  const group = await create(table, call, normalizeGroup(call.body));
  return answer(await groupResource(table, call, group, call.query), call.query);
};

export const listGroups: Handler<Ops["listGroups"], Deps> = (call, { table }) => list(table, call, call.query);

export const searchGroups: Handler<Ops["searchGroups"], Deps> = (call, { table }) => list(table, call, call.body);

export const getGroup: Handler<Ops["getGroup"], Deps> = async (call, { table }) => {
  const group = await groupOf(table, call, call.path.team_id);
  // Who leaves the organization leaves its groups, whose version does not follow.
  const known = wantsMembers(call.query) ? undefined : unchanged(call, versionOf(group));
  if (known !== undefined) return known;
  return answer(await groupResource(table, call, group, call.query), call.query);
};

export const replaceGroup: Handler<Ops["replaceGroup"], Deps> = async (call, { table }) => {
  const group = await replace(table, call, call.path.team_id, normalizeGroup(call.body));
  return answer(await groupResource(table, call, group, call.query), call.query);
};

/** Nothing is said where nothing was asked for (RFC 7644, 3.5.2): a change of one member is no reason to read all. */
export const patchGroup: Handler<Ops["patchGroup"], Deps> = async (call, { table }) => {
  const group = await patch(table, call, call.path.team_id, memberOf(call.body, "Operations"));
  if (call.query.attributes === undefined) return { document: null, headers: { etag: `W/"${versionOf(group)}"` } };
  return answer(await groupResource(table, call, group, call.query), call.query);
};

export const deleteGroup: Handler<Ops["deleteGroup"], Deps> = async (call, { table }) => {
  await removeGroup(table, call, call.path.team_id);
  return undefined;
};
