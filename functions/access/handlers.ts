import type { Handler } from "../../shared/http/call.ts";
import type { AccessDeps } from "./deps.ts";
import { allBuiltIn, permissionsOf, toRole } from "./model.ts";
import type { operations } from "./operations.ts";
import { ownRoles } from "./store.ts";

export { removeRole } from "./deleting/handlers.ts";
export { listHolders, memberPermissions } from "./explaining/handlers.ts";
export { cloneRole, createRole, updateRole } from "./making/handlers.ts";

type Ops = typeof operations;

/** Both lists are bounded and complete, and have one page. */
export const listRoles: Handler<Ops["listRoles"], AccessDeps> = async ({ caller }, { table }) => {
  const own = await ownRoles(table.of(caller.organization.id));
  return { items: [...allBuiltIn, ...own.map(toRole)], next_cursor: null };
};

export const getRole: Handler<Ops["getRole"], AccessDeps> = async (call) => toRole(await call.load());

export const listPermissions: Handler<Ops["listPermissions"], AccessDeps> = async ({ query }) => ({
  items: permissionsOf(query.resource),
  next_cursor: null,
});
