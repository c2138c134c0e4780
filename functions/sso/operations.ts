import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../shared/http/schemas.ts";
import { givenRoleSchema } from "../../shared/identity/group-rules.ts";
import { idSchema } from "../../shared/ids.ts";
import { enforcementOperations } from "./enforcement/operations.ts";
import { signInOperations } from "./flow/operations.ts";
import { identityOperations } from "./identities/operations.ts";
import { linkingOperations } from "./linking/operations.ts";
import {
  connectionSchema,
  givenAttributesSchema,
  oidcSchema,
  presetSchema,
  serviceProviderSchema,
  settingsShape,
} from "./model.ts";
import { samlSourceSchema } from "./saml/model.ts";
import { connectionResource, signInRecordItem } from "./store.ts";
import { trialOperations } from "./trial/operations.ts";

const path = z.object({ sso_connection_id: idSchema("sso_connection") });
const about = { resource: connectionResource } as const;

const client_secret = z.string().min(1).max(1_000).meta({
  description: "By which the provider knows us. Kept encrypted, never shown.",
  format: "password",
});

const { name, allowed_domains, provisioning, email_trust, group_rules, default_role } = settingsShape;

const signInRecord = signInRecordItem.schema.omit({ expires_at: true }).meta({
  id: "SsoSignIn",
  description: "How a sign-in through a connection ended.",
});

/** What the room's `api` function answers. */
export const apiOperations = {
  create: operation({
    id: "sso.create",
    method: "POST",
    path: "/sso/connections",
    summary: "Connect a sign-in provider",
    description:
      "Enter `redirect_url` of the answer at the provider, with SAML also `provider.audience`, and have it give the `attributes`. People come in by it only with addresses of domains that the organization has proved.",
    permission: "sso:create",
    resource: { type: "sso_connection", create: true },
    request: {
      body: z.strictObject({
        name,
        preset: presetSchema.default("custom"),
        provider: z.discriminatedUnion("kind", [oidcSchema.extend({ client_secret }), samlSourceSchema]),
        allowed_domains: allowed_domains.default([]),
        default_role: givenRoleSchema.default("viewer"),
        provisioning: provisioning.default(false),
        email_trust: email_trust
          .optional()
          .meta({ description: "`claim`, with SAML `provider`, where it is left out." }),
        attributes: givenAttributesSchema.default({}),
        group_rules: group_rules.default([]),
      }),
    },
    response: connectionSchema,
    success: 201,
    errors: ["quota_exceeded", "unsafe_url", "reference_not_found"],
    outside_effect: true,
  }),
  list: operation({
    id: "sso.list",
    method: "GET",
    path: "/sso/connections",
    summary: "List connected sign-in providers",
    permission: "sso:read",
    resource: { type: "sso_connection", list: true },
    request: { query: z.strictObject(pageQuery) },
    response: pageOf(connectionSchema),
    success: 200,
    errors: [],
  }),
  getServiceProvider: operation({
    id: "sso.get_service_provider",
    method: "GET",
    path: "/sso/service-provider",
    summary: "What to enter at a sign-in provider",
    description: "The same for all connections: providers want it before there is anything to connect.",
    permission: "sso:read",
    resource: { type: "sso_connection", list: true },
    request: {},
    response: serviceProviderSchema,
    success: 200,
    errors: [],
  }),
  get: operation({
    id: "sso.get",
    method: "GET",
    path: "/sso/connections/{sso_connection_id}",
    summary: "Read a connected sign-in provider",
    permission: "sso:read",
    ...about,
    request: { path },
    response: connectionSchema,
    success: 200,
    errors: [],
  }),
  update: operation({
    id: "sso.update",
    method: "PATCH",
    path: "/sso/connections/{sso_connection_id}",
    summary: "Change a connected sign-in provider",
    description: "What is left out stays; the client secret too. Sessions that are open stay open.",
    permission: "sso:update",
    ...about,
    request: {
      path,
      body: z.strictObject({
        name: name.optional(),
        status: z.enum(["active", "inactive"]).optional(),
        provider: z
          .discriminatedUnion("kind", [
            oidcSchema.extend({ client_secret: client_secret.optional() }),
            samlSourceSchema,
          ])
          .optional()
          .meta({ description: "All of it, but for a client secret that stays; of the kind that it is." }),
        allowed_domains: allowed_domains.optional(),
        default_role: default_role.optional(),
        provisioning: provisioning.optional(),
        email_trust: email_trust.optional(),
        attributes: givenAttributesSchema.optional(),
        group_rules: group_rules.optional(),
      }),
    },
    response: connectionSchema,
    success: 200,
    errors: ["conflict", "precondition_failed", "unsafe_url", "reference_not_found"],
    step_up: 10,
  }),
  remove: operation({
    id: "sso.delete",
    method: "DELETE",
    path: "/sso/connections/{sso_connection_id}",
    summary: "Disconnect a sign-in provider",
    description:
      "Nobody signs in through it from then on; sessions that were opened by it are refused from the next request on.",
    permission: "sso:delete",
    ...about,
    request: { path },
    response: "none",
    success: 204,
    errors: ["conflict"],
    step_up: 10,
  }),
  listSignIns: operation({
    id: "sso.list_sign_ins",
    method: "GET",
    path: "/sso/connections/{sso_connection_id}/sign-ins",
    summary: "What became of the sign-ins through a provider",
    description: "Newest first, of the last 90 days.",
    permission: "sso:read",
    ...about,
    request: { path, query: z.strictObject(pageQuery) },
    response: pageOf(signInRecord),
    success: 200,
    errors: [],
  }),
} as const;

/** What the room's `members` function answers. */
export const memberOperations = {
  ...enforcementOperations,
  ...identityOperations,
  ...linkingOperations,
  ...trialOperations,
} as const;

export { signInOperations };

export const operations = { ...apiOperations, ...memberOperations, ...signInOperations } as const;
