import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import {
  descriptionSchema,
  environmentSchema,
  nameSchema,
  pageOf,
  pageQuery,
  timestampSchema,
} from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import {
  colorSchema,
  linkedTypeSchema,
  workspaceMemberSchema,
  workspaceResourceSchema,
  workspaceRoleSchema,
  workspaceSchema,
  workspaceTypeSchema,
} from "./model.ts";
import { memberResource, standingResource, workspaceResource } from "./store.ts";

const path = z.object({ workspace_id: idSchema("workspace") });
const memberPath = path.extend({ user_id: idSchema("user") });
const role = workspaceRoleSchema;

const settings = {
  description: descriptionSchema,
  environment: environmentSchema.nullable(),
  color: colorSchema.nullable(),
  expires_at: timestampSchema
    .nullable()
    .meta({ description: "Required for temporary workspaces, refused for others." }),
};

/** How many people can be put into a workspace in the request that creates it. */
export const MOST_INITIAL_MEMBERS = 20;

export const operations = {
  create: operation({
    id: "workspaces.create",
    method: "POST",
    path: "/workspaces",
    summary: "Create a workspace",
    description: "The caller becomes its owner. A personal workspace is seen by its members only.",
    permission: "workspaces:create",
    resource: { type: "workspace", create: true },
    request: {
      body: z.strictObject({
        name: nameSchema,
        description: settings.description.default(""),
        workspace_type: workspaceTypeSchema.default("permanent"),
        environment: settings.environment.default(null),
        color: settings.color.default(null),
        expires_at: settings.expires_at.default(null),
        initial_members: z
          .array(z.strictObject({ user_id: idSchema("user"), role }))
          .max(MOST_INITIAL_MEMBERS)
          .default([]),
      }),
    },
    response: workspaceSchema,
    success: 201,
    errors: ["quota_exceeded", "reference_not_found"],
  }),
  list: operation({
    id: "workspaces.list",
    method: "GET",
    path: "/workspaces",
    summary: "Workspaces of the organization",
    description: "Without a type: those that are not personal. `type=personal` lists the caller's own.",
    permission: "workspaces:read",
    resource: { type: "workspace", list: true },
    request: {
      query: z.strictObject({
        ...pageQuery,
        status: workspaceSchema.shape.status.default("active"),
        type: workspaceTypeSchema.optional(),
      }),
    },
    response: pageOf(workspaceSchema),
    success: 200,
    errors: [],
  }),
  get: operation({
    id: "workspaces.get",
    method: "GET",
    path: "/workspaces/{workspace_id}",
    summary: "Read a workspace",
    permission: "workspaces:read",
    resource: workspaceResource,
    request: { path },
    response: workspaceSchema,
    success: 200,
    errors: [],
  }),
  update: operation({
    id: "workspaces.update",
    method: "PATCH",
    path: "/workspaces/{workspace_id}",
    summary: "Change a workspace's settings",
    description: "For owners and admins of the workspace, and the organization's owners.",
    permission: "workspaces:update",
    resource: standingResource,
    request: {
      path,
      body: z
        .strictObject({ name: nameSchema, ...settings })
        .partial()
        .refine((body) => Object.keys(body).length > 0, "names nothing to change"),
    },
    response: workspaceSchema,
    success: 200,
    errors: ["conflict", "precondition_failed"],
  }),
  archive: operation({
    id: "workspaces.archive",
    method: "POST",
    path: "/workspaces/{workspace_id}/archive",
    summary: "Archive a workspace",
    description: "It keeps its members and what is in it, takes nothing new, and can be restored.",
    permission: "workspaces:update",
    resource: standingResource,
    request: { path },
    response: workspaceSchema,
    success: 200,
    errors: ["conflict"],
  }),
  restore: operation({
    id: "workspaces.restore",
    method: "POST",
    path: "/workspaces/{workspace_id}/restore",
    summary: "Restore an archived workspace",
    description: "A temporary workspace whose time is over needs a new `expires_at`.",
    permission: "workspaces:update",
    resource: standingResource,
    request: { path, body: z.strictObject({ expires_at: timestampSchema.optional() }) },
    response: workspaceSchema,
    success: 200,
    errors: ["conflict"],
  }),
  remove: operation({
    id: "workspaces.delete",
    method: "DELETE",
    path: "/workspaces/{workspace_id}",
    summary: "Delete a workspace",
    description:
      "For owners of the workspace and of the organization. Refused (409) while agents, pipelines or work units are in it.",
    permission: "workspaces:delete",
    resource: standingResource,
    request: { path },
    response: "none",
    success: 204,
    errors: ["conflict"],
  }),
  listMembers: operation({
    id: "workspaces.list_members",
    method: "GET",
    path: "/workspaces/{workspace_id}/members",
    summary: "Members of a workspace",
    permission: "workspaces:read",
    resource: workspaceResource,
    request: { path, query: z.strictObject(pageQuery) },
    response: pageOf(workspaceMemberSchema),
    success: 200,
    errors: [],
  }),
  addMember: operation({
    id: "workspaces.add_member",
    method: "POST",
    path: "/workspaces/{workspace_id}/members",
    summary: "Add a member of the organization to a workspace",
    description: "For owners and admins of the workspace; only owners make owners.",
    permission: "workspaces:update",
    resource: standingResource,
    request: { path, body: z.strictObject({ user_id: idSchema("user"), role }) },
    response: workspaceMemberSchema,
    success: 201,
    errors: ["already_exists", "reference_not_found", "conflict"],
    location: "/workspaces/{workspace_id}/members/{user_id}",
  }),
  changeMember: operation({
    id: "workspaces.change_member",
    method: "PATCH",
    path: "/workspaces/{workspace_id}/members/{user_id}",
    summary: "Give a member of a workspace another role in it",
    permission: "workspaces:update",
    resource: memberResource,
    request: { path: memberPath, body: z.strictObject({ role }) },
    response: workspaceMemberSchema,
    success: 200,
    errors: ["conflict", "precondition_failed"],
  }),
  removeMember: operation({
    id: "workspaces.remove_member",
    method: "DELETE",
    path: "/workspaces/{workspace_id}/members/{user_id}",
    summary: "Remove a member from a workspace",
    description: "The last owner of a workspace stays (409).",
    permission: "workspaces:update",
    resource: memberResource,
    request: { path: memberPath },
    response: "none",
    success: 204,
    errors: ["conflict"],
  }),
  listResources: operation({
    id: "workspaces.list_resources",
    method: "GET",
    path: "/workspaces/{workspace_id}/resources",
    summary: "Agents, pipelines and work units in a workspace",
    description: "A thing is put into workspaces, and taken out of them, by its own `workspace_ids`.",
    permission: "workspaces:read",
    resource: workspaceResource,
    request: { path, query: z.strictObject({ ...pageQuery, type: linkedTypeSchema.optional() }) },
    response: pageOf(workspaceResourceSchema),
    success: 200,
    errors: [],
  }),
} as const;
