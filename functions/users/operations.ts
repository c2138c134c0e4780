import * as z from "zod";
import { roleSchema } from "../../shared/access/own-roles.ts";
import { operation } from "../../shared/http/operation.ts";
import { languageSchema, nameSchema, pageOf, pageQuery } from "../../shared/http/schemas.ts";
import { membershipSchema } from "../../shared/identity/items.ts";
import { idSchema } from "../../shared/ids.ts";
import { delegateeSchema, memberSchema, memberSorts, removalSchema, userView } from "./model.ts";
import { memberResource, removalResource } from "./store.ts";

const path = z.object({ user_id: idSchema("user") });

export const operations = {
  list: operation({
    id: "users.list",
    method: "GET",
    path: "/users",
    summary: "Members of the active organization",
    description:
      "Sorted by name unless told otherwise. `search` finds the beginnings of names, of each word of a name, and of e-mails, over the whole organization, accents and capitals or not, and shows them as it finds them. A page can hold fewer than `limit` where several filters meet; it goes on while there is a `next_cursor`. A changed name is sorted and found anew within moments. By `last_seen_on` goes the day, in UTC: whoever comes for the first time that day while you turn the pages moves to it.",
    permission: "users:read",
    resource: { type: "user", list: true },
    request: {
      query: z
        .strictObject({
          ...pageQuery,
          status: membershipSchema.shape.status.default("active"),
          role: roleSchema.optional(),
          team_id: idSchema("team").optional().meta({ description: "Only those who are in this team itself." }),
          search: nameSchema.optional().meta({ description: "What a name or an e-mail begins with.", example: "ada" }),
          sort: z.enum(memberSorts).optional().meta({ id: "MemberSort", description: "`name` when it is left out." }),
        })
        .refine(({ sort, search, team_id }) => sort === undefined || (search === undefined && team_id === undefined), {
          path: ["sort"],
          message: "cannot be combined with search or team_id, whose order is their own",
        }),
    },
    response: pageOf(memberSchema),
    success: 200,
    errors: ["reference_not_found"],
  }),
  listDelegatees: operation({
    id: "users.list_delegatees",
    method: "GET",
    path: "/users/delegatees",
    summary: "Members to whom the caller can give work",
    description: "All other active members of the active organization, by name.",
    permission: "users:read",
    resource: { type: "user", list: true },
    request: { query: z.strictObject(pageQuery) },
    response: pageOf(delegateeSchema),
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
    request: {
      body: z.strictObject({ name: nameSchema, language: languageSchema.nullable() }).partial(),
    },
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
      "Built in, or one of the organization's own by its id. Nobody gives or takes a role that grants more than their own. The last active owner of an organization stays one, and nobody gets a role that is being deleted (409).",
    permission: "roles:assign",
    resource: memberResource,
    request: { path, body: z.strictObject({ role: roleSchema }) },
    response: memberSchema,
    success: 200,
    errors: ["conflict", "precondition_failed", "reference_not_found"],
    step_up: 30,
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
  remove: operation({
    id: "users.remove",
    method: "DELETE",
    path: "/users/{user_id}",
    summary: "Remove a member from the organization",
    description:
      "The member is refused from the next request on, in this organization only, and the seat is free. What they held here is given up behind the answer: invitations that they sent and their API keys are revoked, agents, pipelines and webhooks that they owned, and workspaces that they alone owned, get the successor as owner. `GET /users/{user_id}/removal` says how far it is. Nobody removes themselves (they leave), somebody whose role grants more than their own, or the last active owner.",
    permission: "users:delete",
    resource: memberResource,
    request: {
      path,
      query: z.strictObject({
        successor_id: idSchema("user")
          .optional()
          .meta({ description: "An active member; the caller when it is left out." }),
      }),
    },
    response: removalSchema,
    success: 202,
    errors: ["conflict", "reference_not_found"],
    location: "/users/{user_id}/removal",
    step_up: 30,
  }),
  getRemoval: operation({
    id: "users.get_removal",
    method: "GET",
    path: "/users/{user_id}/removal",
    summary: "What became of what a removed member held",
    permission: "users:read",
    resource: removalResource,
    request: { path },
    response: removalSchema,
    success: 200,
    errors: [],
  }),
  leave: operation({
    id: "users.leave",
    method: "POST",
    path: "/users/me/leave",
    summary: "Leave the active organization",
    description:
      "Ends the caller's own membership; what they held goes to the successor, as at a removal. The last active owner stays (409). Without another organization to be active in, requests that need one are refused until the user joins one.",
    permission: "authenticated",
    request: { body: z.strictObject({ successor_id: idSchema("user") }) },
    response: removalSchema,
    success: 202,
    errors: ["conflict", "reference_not_found"],
    location: "/auth/me/organizations",
  }),
} as const;
