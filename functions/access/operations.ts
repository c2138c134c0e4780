import * as z from "zod";
import { roleSchema } from "../../shared/access/own-roles.ts";
import { permissionCatalogue, type Resource } from "../../shared/access/permissions.ts";
import { permissionSchema } from "../../shared/access/schemas.ts";
import { operation } from "../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { memberResource } from "../users/public.ts";
import {
  grantsSchema,
  holderView,
  memberPermissionsView,
  permissionView,
  roleDescriptionSchema,
  roleNameSchema,
  roleView,
} from "./model.ts";
import { permissionResource, roleResource } from "./store.ts";

const resource = z.enum(Object.keys(permissionCatalogue) as [Resource, ...Resource[]]);
const path = z.object({ role: z.string().max(64) });

const within =
  "Names are unique in the organization, capitals or not. Nobody makes or changes a role that grants more than their own does; a wildcard counts as all that it covers today.";

export const operations = {
  listRoles: operation({
    id: "roles.list",
    method: "GET",
    path: "/roles",
    summary: "Roles and what they grant",
    description: "The built-in ones, then those of the organization's own as they were made. The list is complete.",
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
    request: { path },
    response: roleView,
    success: 200,
    errors: [],
  }),
  createRole: operation({
    id: "roles.create",
    method: "POST",
    path: "/roles",
    summary: "Make a role of the organization's own",
    description: within,
    permission: "roles:create",
    resource: { type: "role", create: true },
    request: {
      body: z.strictObject({
        name: roleNameSchema,
        description: roleDescriptionSchema.default(""),
        grants: grantsSchema,
      }),
    },
    response: roleView,
    success: 201,
    errors: ["already_exists", "quota_exceeded", "conflict"],
    location: "/roles/{id}",
  }),
  cloneRole: operation({
    id: "roles.clone",
    method: "POST",
    path: "/roles/{role}/clone",
    summary: "Make a role of another one",
    description: `Of a built-in one or of one of the organization's own, with what it grants today, some permissions left out on demand. ${within}`,
    permission: "roles:create",
    resource: roleResource,
    request: {
      path,
      body: z.strictObject({
        name: roleNameSchema,
        description: roleDescriptionSchema
          .optional()
          .meta({ description: "That of the other one when it is left out." }),
        without: z
          .array(permissionSchema)
          .max(200)
          .default([])
          .meta({ description: "What the new role does not grant.", example: ["agents:delete"] }),
      }),
    },
    response: roleView,
    success: 201,
    errors: ["already_exists", "quota_exceeded", "conflict"],
    location: "/roles/{id}",
  }),
  updateRole: operation({
    id: "roles.update",
    method: "PATCH",
    path: "/roles/{role}",
    summary: "Change a role of the organization's own",
    description: `Counts from the next request of each of its members on. Built-in roles stay as they are (409). ${within}`,
    permission: "roles:update",
    resource: roleResource,
    request: {
      path,
      body: z
        .strictObject({ name: roleNameSchema, description: roleDescriptionSchema, grants: grantsSchema })
        .partial()
        .refine((body) => Object.keys(body).length > 0, "names nothing to change"),
    },
    response: roleView,
    success: 200,
    errors: ["already_exists", "conflict", "precondition_failed"],
    step_up: 30,
  }),
  removeRole: operation({
    id: "roles.delete",
    method: "DELETE",
    path: "/roles/{role}",
    summary: "Delete a role of the organization's own",
    description:
      "Its members get `replacement` behind the answer, some at a time; until then it grants what it granted, and nobody gets it any more. Refused (409) for a built-in role, for one that members have where no replacement is named, and for one that pending invitations, a domain, a sign-in connection or the directory give, or a service account has: the answer lists them.",
    permission: "roles:delete",
    resource: roleResource,
    request: {
      path,
      query: z.strictObject({
        replacement: roleSchema.optional().meta({
          description: "The role that its members get: any but the owner's, which grants no more than your own.",
        }),
      }),
    },
    response: roleView,
    success: 202,
    errors: ["conflict", "precondition_failed", "reference_not_found"],
    location: "/roles/{id}",
    step_up: 30,
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
  listHolders: operation({
    id: "permissions.list_holders",
    method: "GET",
    path: "/permissions/{permission}/holders",
    summary: "Who may do something",
    description:
      "Active members whose role grants the permission now, role by role and by name within each, with the grant that covers it. A page can hold fewer than `limit`; it goes on while there is a `next_cursor`.",
    permission: "users:read",
    resource: permissionResource,
    request: { path: z.object({ permission: z.string().max(64) }), query: z.strictObject(pageQuery) },
    response: pageOf(holderView),
    success: 200,
    errors: [],
  }),
  memberPermissions: operation({
    id: "users.get_permissions",
    method: "GET",
    path: "/users/{user_id}/permissions",
    summary: "What a member may do, and why",
    description: "Each permission with the grant of their role that covers it. Whose membership is suspended has none.",
    permission: "users:read",
    resource: memberResource,
    request: { path: z.object({ user_id: idSchema("user") }) },
    response: memberPermissionsView,
    success: 200,
    errors: [],
  }),
} as const;
