import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import { platformProviderSchema } from "../../../shared/identity/platform-providers.ts";
import { idSchema } from "../../../shared/ids.ts";
import { identitySchema } from "../model.ts";
import { connectionResource, identityResource } from "../store.ts";

const sso_connection_id = idSchema("sso_connection");
const sso_identity_id = idSchema("sso_identity");

export const ownIdentitySchema = identitySchema
  .omit({ user_id: true })
  .extend({
    organization_id: idSchema("organization").nullable(),
    connection_id: sso_connection_id.nullable(),
    connection_name: z.string().nullable(),
    provider: platformProviderSchema.nullable().meta({
      description: "The provider that is everybody's, in place of a connection of an organization.",
    }),
    active: z.boolean().meta({
      description:
        "Whether it opens the account now. Not while the connection or its organization is not active; nor through a provider that is everybody's and is not set up any more, or has been registered anew and calls people otherwise since: link it again.",
    }),
  })
  .meta({ id: "OwnSsoIdentity", description: "A provider through which somebody signs in to their account." });

/** Whose account people at a provider are. */
export const identityOperations = {
  listIdentities: operation({
    id: "sso.list_identities",
    method: "GET",
    path: "/sso/connections/{sso_connection_id}/identities",
    summary: "Who signs in through a provider",
    permission: "sso:read",
    resource: connectionResource,
    request: { path: z.object({ sso_connection_id }), query: z.strictObject(pageQuery) },
    response: pageOf(identitySchema),
    success: 200,
    errors: [],
    served_by: "members",
  }),
  unlinkIdentity: operation({
    id: "sso.unlink_identity",
    method: "DELETE",
    path: "/sso/connections/{sso_connection_id}/identities/{sso_identity_id}",
    summary: "Let a person at a provider be no user any more",
    description:
      "Sessions that were opened by it end. Whoever signs in there again is looked at as for the first time: with a verified address of a proved domain they are linked anew. Nobody touches somebody whose role grants more than their own.",
    permission: "sso:update",
    resource: identityResource,
    request: { path: z.object({ sso_connection_id, sso_identity_id }) },
    response: "none",
    success: 204,
    errors: ["conflict"],
    served_by: "members",
    step_up: 10,
  }),
  listOwnIdentities: operation({
    id: "sso.list_own_identities",
    method: "GET",
    path: "/auth/me/identities",
    summary: "How the caller signs in",
    description: "With a password or not, and through which providers: all of them, there are few at most.",
    permission: "authenticated",
    request: {},
    response: z.object({ has_password: z.boolean(), items: z.array(ownIdentitySchema) }),
    success: 200,
    errors: [],
    served_by: "members",
  }),
  unlinkOwnIdentity: operation({
    id: "sso.unlink_own_identity",
    method: "DELETE",
    path: "/auth/me/identities/{sso_identity_id}",
    summary: "Sign in through a provider no more",
    description:
      "Sessions that were opened by it end. The last way in stays (409). Whose address counts as shown at that provider is linked anew when they sign in there again, unless the account has a second factor.",
    permission: "authenticated",
    request: { path: z.object({ sso_identity_id }) },
    response: "none",
    success: 204,
    errors: ["conflict"],
    served_by: "members",
    step_up: 10,
  }),
} as const;
