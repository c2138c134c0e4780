import * as z from "zod";
import { defineDue } from "../../shared/due/due.ts";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import { defineResource } from "../../shared/http/resource.ts";
import { PLATFORM } from "../../shared/identity/items.ts";
import { idSchema } from "../../shared/ids.ts";
import { connectionSchema, profileSchema } from "./model.ts";
import { samlStateSchema } from "./saml/model.ts";

/** An organization has few connections: they are one partition, read at once. */
export const connectionItem = defineItem({
  type: "sso_connection",
  summary: "A sign-in provider of an organization; the user pool is made to be as this says.",
  schema: connectionSchema.extend({
    /** The provider's name at the pool. */
    provider_name: z.string(),
    /** The pool's app client that allows this provider only; null until there is one. */
    pool_client_id: z.string().nullable(),
    /** Where the pool sends people back to. */
    callback_url: z.string(),
    /** By what the provider knows us, encrypted; null with SAML, which has no secret. */
    sealed_secret: z.string().nullable(),
    saml: samlStateSchema.nullable(),
    etag: z.string(),
  }),
  key: { pk: "SSO_CONNECTIONS", sk: "{id}" },
});
export type Connection = ItemOf<typeof connectionItem>;

/** Links to a connection name it and no organization. */
export const connectionPlaceItem = defineItem({
  type: "sso_connection_place",
  summary: "The organization of a connection, for those who are not signed in yet.",
  schema: z.object({ connection_id: idSchema("sso_connection"), organization_id: idSchema("organization") }),
  key: { pk: "SSO_CONNECTION_PLACE#{connection_id}", sk: "SSO_CONNECTION_PLACE" },
});

/** When to make the pool be what a connection says: whatever request or worker died on the way. */
export const connectionRepair = defineDue("sso_connection");

/** When to look at a SAML provider's metadata and certificates again. */
export const samlLook = defineDue("saml_provider");

export const connectionResource = defineResource({
  type: "sso_connection",
  path: ["sso_connection_id"],
  item: connectionItem,
  key: ({ sso_connection_id }) => ({ id: sso_connection_id }),
});

/** A person at a provider, and whose account they are. */
export const identityItem = defineItem({
  type: "sso_identity",
  summary: "A person at a provider (hash of the provider's subject), and the user that they are.",
  schema: z.object({
    id: idSchema("sso_identity"),
    connection_id: idSchema("sso_connection"),
    subject_hash: z.string(),
    user_id: idSchema("user"),
    /** The pool's account of this person. */
    sub: z.string(),
    /** As the provider said it last. */
    email: z.string().nullable(),
    /** What had made it the user's: an address of a domain that the organization has proved, or they themselves. */
    linked_by: z.enum(["email", "user"]),
    created_at: z.string(),
    last_sign_in_at: z.string(),
  }),
  key: { pk: "SSO_IDENTITIES#{connection_id}", sk: "{subject_hash}" },
});
export type Identity = ItemOf<typeof identityItem>;

/** The other direction: by which providers a user signs in. */
export const userIdentityItem = defineItem({
  type: "user_identity",
  summary: "Pointer from a user to a person at a provider; the identity itself is the truth.",
  schema: z.object({
    user_id: idSchema("user"),
    id: idSchema("sso_identity"),
    organization_id: idSchema("organization"),
    connection_id: idSchema("sso_connection"),
    subject_hash: z.string(),
  }),
  key: { pk: "USER_IDENTITIES#{user_id}", sk: "{id}" },
});

/**
 * One sign-in on its way: started, proved by the provider, spent by the app. Nonce and verifier stand nowhere: they are
 * made of the secret that only the browser has.
 */
export const signInItem = defineItem({
  type: "sso_sign_in",
  summary: "A sign-in through a provider that is under way; single use, ten minutes.",
  schema: z.object({
    id: idSchema("sso_sign_in"),
    organization_id: idSchema("organization"),
    connection_id: idSchema("sso_connection"),
    status: z.enum(["started", "proved", "spent"]),
    /** SHA-256 of the secret in the browser's cookie. */
    browser_hash: z.string(),
    redirect_uri: z.string(),
    app_state: z.string(),
    code_challenge: z.string(),
    /** Of the one-time code, once there is one. */
    code_hash: z.string().optional(),
    profile: profileSchema.optional(),
    /** The pool's tokens, encrypted, until the app takes its own. */
    sealed_tokens: z.string().optional(),
    expires_at: z.string(),
  }),
  key: { pk: "SSO_SIGN_IN#{id}", sk: "SSO_SIGN_IN" },
  expires: "expires_at",
});
export type SignIn = ItemOf<typeof signInItem>;

/** What binds the pool's tokens to their sign-in. */
export const signInTokensContext = (id: string) =>
  ({ purpose: "pool_sessions", tenant: PLATFORM, field: `sso_sign_in.${id}` }) as const;

/** What binds a provider's secret to its connection. */
export const secretContext = ({ organization_id, id }: Pick<Connection, "organization_id" | "id">) =>
  ({ purpose: "sso_secrets", tenant: organization_id, field: `sso_connection.${id}` }) as const;

/** What became of the sign-ins through a connection. */
export const signInRecordItem = defineItem({
  type: "sso_sign_in_record",
  summary: "How a sign-in through a connection ended; kept for 90 days.",
  schema: z.object({
    id: idSchema("sso_sign_in"),
    connection_id: idSchema("sso_connection"),
    outcome: z.enum(["signed_in", "refused"]),
    reason: z.string().nullable(),
    user_id: z.string().nullable(),
    email: z.string().nullable(),
    ip: z.string(),
    occurred_at: z.string(),
    expires_at: z.string(),
  }),
  key: { pk: "SSO_SIGN_INS#{connection_id}", sk: "{id}" },
  expires: "expires_at",
});

/** All connections of an organization. */
export async function connectionsOf(table: Table, tenant: string): Promise<Connection[]> {
  const connections: Connection[] = [];
  for await (const connection of table.of(tenant).all(connectionItem, { of: {} })) connections.push(connection);
  return connections;
}
