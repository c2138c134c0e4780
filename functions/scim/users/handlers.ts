import type { Handler } from "../../../shared/http/call.ts";
import type { Platform } from "../../../shared/http/platform.ts";
import type { directoryOperations } from "../operations.ts";
import { answer, names, unchanged } from "../protocol/call.ts";
import { memberOf, userResource as schema } from "../rules/attributes.ts";
import { applyPatch } from "../rules/patch.ts";
import { checkWhole } from "../rules/reading.ts";
import { normalizeUser } from "../rules/schemas.ts";
import { changeUser } from "./change.ts";
import { createUser as create } from "./create.ts";
import { listUsers as list } from "./list.ts";
import { personOf, userResource } from "./read.ts";
import { removeUser } from "./remove.ts";

type Ops = typeof directoryOperations;
type Deps = Pick<Platform, "table">;

export const createUser: Handler<Ops["createUser"], Deps> = async (call, { table }) => {
  const person = await create(table, call, normalizeUser(call.body));
  return answer(await userResource(table, call, person, call.query), call.query);
};

export const listUsers: Handler<Ops["listUsers"], Deps> = (call, { table }) => list(table, call, call.query);

export const searchUsers: Handler<Ops["searchUsers"], Deps> = (call, { table }) => list(table, call, call.body);

export const getUser: Handler<Ops["getUser"], Deps> = async (call, { table }) => {
  const person = await personOf(table, call, call.path.user_id);
  const resource = await userResource(table, call, person, call.query);
  // The version says nothing of the groups that somebody is in.
  const known = names(call.query.attributes, "groups") ? undefined : unchanged(call, resource.version);
  return known ?? answer(resource, call.query);
};

export const replaceUser: Handler<Ops["replaceUser"], Deps> = async (call, { table }) => {
  const said = normalizeUser(call.body);
  const person = await changeUser(table, call, call.path.user_id, () => said);
  return answer(await userResource(table, call, person, call.query), call.query);
};

export const patchUser: Handler<Ops["patchUser"], Deps> = async (call, { table }) => {
  const operations = memberOf(call.body, "Operations");
  const id = call.path.user_id;
  const person = await changeUser(table, call, id, (before) => {
    // Directories repeat the id, which is no change where it is the same.
    const { id: _, ...after } = applyPatch({ ...before, id }, operations, schema);
    return checkWhole(after);
  });
  return answer(await userResource(table, call, person, call.query), call.query);
};

export const deleteUser: Handler<Ops["deleteUser"], Deps> = async (call, { table }) => {
  await removeUser(table, call, call.path.user_id);
  return undefined;
};
