import type { Handler } from "../../shared/http/call.ts";
import { allRoles, permissionsOf, toRole } from "./model.ts";
import type { operations } from "./operations.ts";

type Ops = typeof operations;

/** Roles and permissions are part of the product, not data: the lists are complete and have one page. */
export const listRoles: Handler<Ops["listRoles"], object> = async () => ({ items: allRoles, next_cursor: null });

export const getRole: Handler<Ops["getRole"], object> = async (call) => toRole(await call.load());

export const listPermissions: Handler<Ops["listPermissions"], object> = async ({ query }) => ({
  items: permissionsOf(query.resource),
  next_cursor: null,
});
