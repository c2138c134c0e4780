import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { pageOf, pageQuery, timestampSchema } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { listQuery, searchBody, wantedQuery } from "./listing/rules/query.ts";
import { newTokenView, SCIM_TYPE, settingsSchema, settingsView, tokenNameSchema, tokenView } from "./model.ts";
import { tokenResource } from "./store.ts";

/** Minutes within which a factor was proved: who has a token makes and removes people. */
const STEP_UP = 10;

/** What the room's `api` function answers: for the organization's administrators. */
export const apiOperations = {
  createToken: operation({
    id: "scim.create_token",
    method: "POST",
    path: "/scim/tokens",
    summary: "Make a token for the company's directory",
    description:
      "The token is shown in this answer and never again. An organization has two at a time, so that one can replace the other without a pause.",
    permission: "scim:create",
    resource: { type: "scim_token", create: true },
    request: {
      body: z.strictObject({
        name: tokenNameSchema,
        expires_at: timestampSchema.nullable().default(null).meta({ description: "From then on it is refused." }),
      }),
    },
    response: newTokenView,
    success: 201,
    errors: ["conflict"],
    sensitive: true,
    step_up: STEP_UP,
  }),
  getSettings: operation({
    id: "scim.get_settings",
    method: "GET",
    path: "/scim/settings",
    summary: "What people become whom the directory brings",
    permission: "scim:read",
    resource: { type: "scim_settings", list: true },
    request: {},
    response: settingsView,
    success: 200,
    errors: [],
  }),
  updateSettings: operation({
    id: "scim.update_settings",
    method: "PATCH",
    path: "/scim/settings",
    summary: "Change what people become whom the directory brings",
    description:
      "`default_role` is given with the joining. The first rule whose group somebody is in gives them its role; who is in none of them has the default one. Owners and administrators keep theirs: people have made them.",
    permission: "scim:update",
    resource: { type: "scim_settings", list: true },
    request: { body: settingsSchema.partial().strict() },
    response: settingsView,
    success: 200,
    errors: ["conflict", "precondition_failed"],
    step_up: STEP_UP,
  }),
  listTokens: operation({
    id: "scim.list_tokens",
    method: "GET",
    path: "/scim/tokens",
    summary: "Live tokens of the company's directory",
    permission: "scim:read",
    resource: { type: "scim_token", list: true },
    request: { query: z.strictObject(pageQuery) },
    response: pageOf(tokenView),
    success: 200,
    errors: [],
  }),
  revokeToken: operation({
    id: "scim.revoke_token",
    method: "DELETE",
    path: "/scim/tokens/{scim_token_id}",
    summary: "Revoke a token of the company's directory",
    description: "Refused from the next request on. Who came by it stays.",
    permission: "scim:delete",
    resource: tokenResource,
    request: { path: z.object({ scim_token_id: idSchema("scim_token") }) },
    response: "none",
    success: 204,
    errors: [],
  }),
} as const;

const served = { root: true, served_by: "directory" } as const;
const protocol = { ...served, response: "document", media_types: [SCIM_TYPE] } as const;
/** Directories say more than is known here: what is not understood is passed over. */
const discovery = { request: { query: z.looseObject({}) }, success: 200, errors: ["forbidden"] } as const;

/**
 * What the room's `directory` function answers, in the words of RFC 7644. What the service can do is no secret: RFC 7643
 * (section 5) asks that it can be read without credentials.
 */
const discoveryOperations = {
  getServiceProviderConfig: operation({
    ...protocol,
    ...discovery,
    id: "scim.get_service_provider_config",
    method: "GET",
    path: "/scim/v2/ServiceProviderConfig",
    summary: "What this SCIM service can do",
    permission: "public",
  }),
  listResourceTypes: operation({
    ...protocol,
    ...discovery,
    id: "scim.list_resource_types",
    method: "GET",
    path: "/scim/v2/ResourceTypes",
    summary: "Types of resources that directories push",
    permission: "public",
  }),
  getResourceType: operation({
    ...protocol,
    ...discovery,
    id: "scim.get_resource_type",
    method: "GET",
    path: "/scim/v2/ResourceTypes/{scim_type}",
    summary: "A type of resources that directories push",
    permission: "public",
    request: { path: z.object({ scim_type: z.string() }), query: discovery.request.query },
  }),
  listSchemas: operation({
    ...protocol,
    ...discovery,
    id: "scim.list_schemas",
    method: "GET",
    path: "/scim/v2/Schemas",
    summary: "Schemas of what directories push",
    permission: "public",
  }),
  getSchema: operation({
    ...protocol,
    ...discovery,
    id: "scim.get_schema",
    method: "GET",
    path: "/scim/v2/Schemas/{scim_schema}",
    summary: "A schema of what directories push",
    permission: "public",
    request: { path: z.object({ scim_schema: z.string() }), query: discovery.request.query },
  }),
} as const;

const people = { ...protocol, permission: "directory" } as const;
const groupPath = z.object({ team_id: idSchema("team") });
const userPath = z.object({ user_id: idSchema("user") });
const bulkBody = z.looseObject({
  failOnErrors: z.int().min(1).optional(),
  Operations: z
    .array(
      z.looseObject({
        method: z.string().max(10),
        path: z.string().max(300),
        bulkId: z.string().min(1).max(128).optional(),
        version: z.string().max(200).optional(),
        data: z.looseObject({}).optional(),
      }),
    )
    .min(1),
});
/** A resource of the protocol: what is wrong in it is told in the protocol's words. */
const resource = z.looseObject({});

const userOperations = {
  createUser: operation({
    ...people,
    id: "scim.create_user",
    method: "POST",
    path: "/scim/v2/Users",
    summary: "A directory brings somebody",
    request: { query: wantedQuery, body: resource },
    success: 201,
    errors: ["already_exists", "conflict", "quota_exceeded"],
  }),
  listUsers: operation({
    ...people,
    id: "scim.list_users",
    method: "GET",
    path: "/scim/v2/Users",
    summary: "People of a directory",
    request: { query: listQuery },
    success: 200,
    errors: [],
  }),
  searchUsers: operation({
    ...people,
    id: "scim.search_users",
    method: "POST",
    path: "/scim/v2/Users/.search",
    summary: "People of a directory, asked for in a body",
    request: { query: wantedQuery, body: searchBody },
    success: 200,
    errors: [],
    rate_class: "read",
  }),
  getUser: operation({
    ...people,
    id: "scim.get_user",
    method: "GET",
    path: "/scim/v2/Users/{user_id}",
    summary: "Somebody as a directory describes them",
    request: { path: userPath, query: wantedQuery },
    success: 200,
    errors: [],
  }),
  replaceUser: operation({
    ...people,
    id: "scim.replace_user",
    method: "PUT",
    path: "/scim/v2/Users/{user_id}",
    summary: "A directory describes somebody anew",
    request: { path: userPath, query: wantedQuery, body: resource },
    success: 200,
    errors: ["already_exists", "conflict", "precondition_failed"],
  }),
  patchUser: operation({
    ...people,
    id: "scim.patch_user",
    method: "PATCH",
    path: "/scim/v2/Users/{user_id}",
    summary: "A directory changes parts of somebody, or deactivates them",
    request: { path: userPath, query: wantedQuery, body: resource },
    success: 200,
    errors: ["already_exists", "conflict", "precondition_failed"],
  }),
  deleteUser: operation({
    ...served,
    permission: "directory",
    id: "scim.delete_user",
    method: "DELETE",
    path: "/scim/v2/Users/{user_id}",
    summary: "A directory removes somebody",
    request: { path: userPath },
    response: "none",
    success: 204,
    errors: ["conflict", "precondition_failed"],
  }),
} as const;

const groupOperations = {
  createGroup: operation({
    ...people,
    id: "scim.create_group",
    method: "POST",
    path: "/scim/v2/Groups",
    summary: "A directory makes a group, which is a team here",
    request: { query: wantedQuery, body: resource },
    success: 201,
    errors: ["already_exists", "conflict", "quota_exceeded", "service_unavailable"],
  }),
  listGroups: operation({
    ...people,
    id: "scim.list_groups",
    method: "GET",
    path: "/scim/v2/Groups",
    summary: "Groups of a directory",
    request: { query: listQuery },
    success: 200,
    errors: [],
  }),
  searchGroups: operation({
    ...people,
    id: "scim.search_groups",
    method: "POST",
    path: "/scim/v2/Groups/.search",
    summary: "Groups of a directory, asked for in a body",
    request: { query: wantedQuery, body: searchBody },
    success: 200,
    errors: [],
    rate_class: "read",
  }),
  getGroup: operation({
    ...people,
    id: "scim.get_group",
    method: "GET",
    path: "/scim/v2/Groups/{team_id}",
    summary: "A group of a directory, with its members",
    request: { path: groupPath, query: wantedQuery },
    success: 200,
    errors: [],
  }),
  replaceGroup: operation({
    ...people,
    id: "scim.replace_group",
    method: "PUT",
    path: "/scim/v2/Groups/{team_id}",
    summary: "A directory says anew what a group is and who is in it",
    request: { path: groupPath, query: wantedQuery, body: resource },
    success: 200,
    errors: ["already_exists", "conflict", "precondition_failed"],
  }),
  patchGroup: operation({
    ...people,
    id: "scim.patch_group",
    method: "PATCH",
    path: "/scim/v2/Groups/{team_id}",
    summary: "A directory renames a group, or changes who is in it",
    request: { path: groupPath, query: wantedQuery, body: resource },
    success: 200,
    errors: ["already_exists", "conflict", "precondition_failed"],
  }),
  deleteGroup: operation({
    ...served,
    permission: "directory",
    id: "scim.delete_group",
    method: "DELETE",
    path: "/scim/v2/Groups/{team_id}",
    summary: "A directory deletes a group",
    request: { path: groupPath },
    response: "none",
    success: 204,
    errors: ["conflict", "precondition_failed"],
  }),
} as const;

const searchOperations = {
  search: operation({
    ...people,
    id: "scim.search",
    method: "POST",
    path: "/scim/v2/.search",
    summary: "People and groups of a directory, asked for in a body",
    request: { query: wantedQuery, body: searchBody },
    success: 200,
    errors: [],
    rate_class: "read",
  }),
} as const;

const bulkOperations = {
  bulk: operation({
    ...people,
    id: "scim.bulk",
    method: "POST",
    path: "/scim/v2/Bulk",
    summary: "Many changes of a directory in one request",
    request: { query: wantedQuery, body: bulkBody },
    success: 200,
    errors: ["payload_too_large"],
  }),
} as const;

export const directoryOperations = {
  ...discoveryOperations,
  ...userOperations,
  ...groupOperations,
  ...searchOperations,
  ...bulkOperations,
} as const;

export const operations = { ...apiOperations, ...directoryOperations } as const;
