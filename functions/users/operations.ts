import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { nameSchema, pageOf, pageQuery } from "../../shared/http/schemas.ts";
import { membershipSchema } from "../../shared/identity/items.ts";
import { idSchema } from "../../shared/ids.ts";
import { memberSchema, roleSchema, userView } from "./model.ts";
import { memberResource } from "./store.ts";

const path = z.object({ user_id: idSchema("user") });

export const operations = {
  list: operation({
    id: "users.list",
    method: "GET",
    path: "/users",
    summary: "Members of the active organization",
    permission: "users:read",
    resource: { type: "user", list: true },
    request: {
      query: z.strictObject({
        ...pageQuery,
        status: membershipSchema.shape.status.default("active"),
        role: roleSchema.optional(),
      }),
    },
    response: pageOf(memberSchema),
    success: 200,
    errors: [],
  }),
  me: operation({
    id: "users.me",
    method: "GET",
    path: "/users/me",
    summary: "The caller's own profile",
    permission: "authenticated",
    request: {},
    response: userView,
    success: 200,
    errors: [],
  }),
  updateMe: operation({
    id: "users.update_me",
    method: "PATCH",
    path: "/users/me",
    summary: "Change the caller's own profile",
    permission: "authenticated",
    request: { body: z.strictObject({ name: nameSchema }) },
    response: userView,
    success: 200,
    errors: ["precondition_failed", "conflict"],
  }),
  get: operation({
    id: "users.get",
    method: "GET",
    path: "/users/{user_id}",
    summary: "Read a member",
    permission: "users:read",
    resource: memberResource,
    request: { path },
    response: memberSchema,
    success: 200,
    errors: [],
  }),
  assignRole: operation({
    id: "users.assign_role",
    method: "PATCH",
    path: "/users/{user_id}",
    summary: "Give a member another role",
    description:
      "Nobody gives or takes a role that grants more than their own. The last active owner of an organization stays one (409).",
    permission: "roles:assign",
    resource: memberResource,
    request: { path, body: z.strictObject({ role: roleSchema }) },
    response: memberSchema,
    success: 200,
    errors: ["conflict", "precondition_failed"],
  }),
  suspend: operation({
    id: "users.suspend",
    method: "POST",
    path: "/users/{user_id}/suspend",
    summary: "Suspend a member",
    description:
      "The member is refused from the next request on, in this organization only. Nobody suspends themselves, somebody whose role grants more than their own, or the last active owner.",
    permission: "users:suspend",
    resource: memberResource,
    request: { path },
    response: memberSchema,
    success: 200,
    errors: ["conflict"],
  }),
  restore: operation({
    id: "users.restore",
    method: "POST",
    path: "/users/{user_id}/restore",
    summary: "Restore a suspended member",
    permission: "users:suspend",
    resource: memberResource,
    request: { path },
    response: memberSchema,
    success: 200,
    errors: ["conflict"],
  }),
} as const;
