import * as z from "zod";
import { permissionCatalogue, type Resource } from "../../shared/access/permissions.ts";
import { operation } from "../../shared/http/operation.ts";
import { pageOf } from "../../shared/http/schemas.ts";
import { permissionView, roleView } from "./model.ts";
import { roleResource } from "./store.ts";

const resource = z.enum(Object.keys(permissionCatalogue) as [Resource, ...Resource[]]);

export const operations = {
  listRoles: operation({
    id: "roles.list",
    method: "GET",
    path: "/roles",
    summary: "Roles and what they grant",
    permission: "roles:read",
    resource: { type: "role", list: true },
    request: {},
    response: pageOf(roleView),
    success: 200,
    errors: [],
  }),
  getRole: operation({
    id: "roles.get",
    method: "GET",
    path: "/roles/{role}",
    summary: "Read a role",
    permission: "roles:read",
    resource: roleResource,
    request: { path: z.object({ role: z.string().max(64) }) },
    response: roleView,
    success: 200,
    errors: [],
  }),
  listPermissions: operation({
    id: "permissions.list",
    method: "GET",
    path: "/permissions",
    summary: "The permission catalogue",
    permission: "roles:read",
    resource: { type: "permission", list: true },
    request: { query: z.strictObject({ resource: resource.optional() }) },
    response: pageOf(permissionView),
    success: 200,
    errors: [],
  }),
} as const;
