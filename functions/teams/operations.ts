import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import {
  descriptionSchema,
  flagQuery,
  limits,
  nameSchema,
  pageOf,
  pageQuery,
  visibleText,
} from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import {
  listedMemberSchema,
  teamLimits,
  teamMemberSchema,
  teamOfUserSchema,
  teamRoleSchema,
  teamSchema,
} from "./model.ts";
import { managedResource, memberResource, NO_PARENT, teamResource, userTeamsResource } from "./store.ts";

const path = z.object({ team_id: idSchema("team") });
const memberPath = path.extend({ user_id: idSchema("user") });
const parent_id = idSchema("team").nullable();

const forManagers = "For leads of the team or of one above it, and for those with `teams:update`.";

export const operations = {
  create: operation({
    id: "teams.create",
    method: "POST",
    path: "/teams",
    summary: "Create a team",
    description: `Names are unique in the organization, capitals or not. Teams nest up to ${teamLimits.levels} levels; what a team is granted reaches the teams below it.`,
    permission: "teams:create",
    resource: { type: "team", create: true },
    request: {
      body: z.strictObject({
        name: nameSchema,
        description: descriptionSchema.default(""),
        parent_id: parent_id.default(null),
      }),
    },
    response: teamSchema,
    success: 201,
    errors: ["already_exists", "quota_exceeded", "reference_not_found", "conflict"],
  }),
  list: operation({
    id: "teams.list",
    method: "GET",
    path: "/teams",
    summary: "Teams of the organization by name",
    permission: "teams:read",
    resource: { type: "team", list: true },
    request: {
      query: z.strictObject({
        ...pageQuery,
        search: visibleText(z.string().trim().min(1).max(limits.name))
          .optional()
          .meta({ description: "The beginning of the name, capitals or not." }),
        parent_id: z
          .union([idSchema("team"), z.literal(NO_PARENT)])
          .optional()
          .meta({ description: "Those directly under this team; `none` for those that have no parent." }),
      }),
    },
    response: pageOf(teamSchema),
    success: 200,
    errors: [],
  }),
  get: operation({
    id: "teams.get",
    method: "GET",
    path: "/teams/{team_id}",
    summary: "Read a team",
    permission: "teams:read",
    resource: teamResource,
    request: { path },
    response: teamSchema,
    success: 200,
    errors: [],
  }),
  update: operation({
    id: "teams.update",
    method: "PATCH",
    path: "/teams/{team_id}",
    summary: "Change a team's name or description",
    permission: "teams:update",
    resource: teamResource,
    request: {
      path,
      body: z
        .strictObject({ name: nameSchema, description: descriptionSchema })
        .partial()
        .refine((body) => Object.keys(body).length > 0, "names nothing to change"),
    },
    response: teamSchema,
    success: 200,
    errors: ["already_exists", "conflict", "precondition_failed"],
  }),
  move: operation({
    id: "teams.move",
    method: "POST",
    path: "/teams/{team_id}/move",
    summary: "Put a team under another one, or under none",
    description:
      "The teams below it come along. Refused (409) where it would stand below itself, too deep, or where there is no room.",
    permission: "teams:update",
    resource: teamResource,
    request: { path, body: z.strictObject({ parent_id }) },
    response: teamSchema,
    success: 200,
    errors: ["conflict", "reference_not_found"],
  }),
  remove: operation({
    id: "teams.delete",
    method: "DELETE",
    path: "/teams/{team_id}",
    summary: "Delete a team",
    description:
      "From then on nobody belongs to it and its name is free. Refused (409) while teams stand under it, unless they are to move to its parent: `children=reparent`.",
    permission: "teams:delete",
    resource: teamResource,
    request: { path, query: z.strictObject({ children: z.enum(["refuse", "reparent"]).default("refuse") }) },
    response: "none",
    success: 204,
    errors: ["conflict"],
  }),
  listMembers: operation({
    id: "teams.list_members",
    method: "GET",
    path: "/teams/{team_id}/members",
    summary: "Members of a team",
    description:
      "With `inherited=true` also those of the teams below, each with the team that they come from; a page can then be shorter than asked for.",
    permission: "teams:read",
    resource: teamResource,
    request: {
      path,
      query: z.strictObject({
        ...pageQuery,
        inherited: flagQuery.meta({ description: "`true`: those of the teams below too." }),
      }),
    },
    response: pageOf(listedMemberSchema),
    success: 200,
    errors: [],
  }),
  addMember: operation({
    id: "teams.add_member",
    method: "POST",
    path: "/teams/{team_id}/members",
    summary: "Add a member of the organization to a team",
    description: forManagers,
    permission: "teams:read",
    resource: managedResource,
    request: { path, body: z.strictObject({ user_id: idSchema("user"), role: teamRoleSchema.default("member") }) },
    response: teamMemberSchema,
    success: 201,
    errors: ["already_exists", "reference_not_found", "conflict"],
    location: "/teams/{team_id}/members/{user_id}",
  }),
  changeMember: operation({
    id: "teams.change_member",
    method: "PATCH",
    path: "/teams/{team_id}/members/{user_id}",
    summary: "Make a member of a team a lead, or a lead a plain member",
    description: forManagers,
    permission: "teams:read",
    resource: memberResource,
    request: { path: memberPath, body: z.strictObject({ role: teamRoleSchema }) },
    response: teamMemberSchema,
    success: 200,
    errors: ["conflict", "precondition_failed"],
  }),
  removeMember: operation({
    id: "teams.remove_member",
    method: "DELETE",
    path: "/teams/{team_id}/members/{user_id}",
    summary: "Remove a member from a team",
    description: forManagers,
    permission: "teams:read",
    resource: memberResource,
    request: { path: memberPath },
    response: "none",
    success: 204,
    errors: ["conflict"],
  }),
  listOfUser: operation({
    id: "teams.list_of_user",
    method: "GET",
    path: "/users/{user_id}/teams",
    summary: "All teams of a member of the organization",
    description:
      "Those that they were put into, and those above these with the team by which they belong to them. One whose membership is suspended has none.",
    permission: "teams:read",
    resource: userTeamsResource,
    request: { path: z.object({ user_id: idSchema("user") }) },
    response: pageOf(teamOfUserSchema),
    success: 200,
    errors: [],
  }),
} as const;
