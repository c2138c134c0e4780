import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { pageOf, pageQuery, timestampSchema } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { newTokenView, SCIM_TYPE, tokenNameSchema, tokenView } from "./model.ts";
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

const protocol = { root: true, response: "document", media_types: [SCIM_TYPE], served_by: "directory" } as const;
/** Directories say more than is known here: what is not understood is passed over. */
const discovery = { request: { query: z.looseObject({}) }, success: 200, errors: ["forbidden"] } as const;

/**
 * What the room's `directory` function answers, in the words of RFC 7644. What the service can do is no secret: RFC 7643
 * (section 5) asks that it can be read without credentials.
 */
export const directoryOperations = {
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

export const operations = { ...apiOperations, ...directoryOperations } as const;
