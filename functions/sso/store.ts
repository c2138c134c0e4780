import * as z from "zod";
import { defineDue } from "../../shared/due/due.ts";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import type { Table } from "../../shared/dynamo/table.ts";
import type { Write } from "../../shared/dynamo/write.ts";
import { defineResource } from "../../shared/http/resource.ts";
import { connectionPlaceItem, PLATFORM, type Way } from "../../shared/identity/items.ts";
import { platformProviderSchema } from "../../shared/identity/platform-providers.ts";
import { derivedId, idSchema } from "../../shared/ids.ts";
import {
  connectionSchema,
  identitySchema,
  leadSchema,
  type Place,
  placeSchema,
  profileSchema,
  signInOutcomeSchema,
  trialResultSchema,
} from "./model.ts";
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
    /** The roles that grant no more than whoever has set its roles held: it takes none away either. */
    reach: z.array(z.string()),
    etag: z.string(),
  }),
  key: { pk: "SSO_CONNECTIONS", sk: "{id}" },
});
export type Connection = ItemOf<typeof connectionItem>;

/** How people get to the provider; null while nobody signs in through the connection. */
export const wayOf = (connection: Connection): Way | null =>
  connection.status === "active" ? wayTo(connection) : null;

/** The same, whether the connection is turned on or not; null before the pool knows it. */
export const wayTo = ({ pool_client_id, provider_name, callback_url, provider: { kind } }: Connection): Way | null =>
  pool_client_id === null ? null : { pool_client_id, provider_name, callback_url, kind };

/** The write that has links to a connection lead where it leads now; none where that stays. */
export function leading(table: Table, read: Connection, next: Connection): Write[] {
  const way = wayOf(next);
  if (JSON.stringify(way) === JSON.stringify(wayOf(read))) return [];
  return [table.of(PLATFORM).writes.update(connectionPlaceItem, { connection_id: next.id }, { set: { way } })];
}

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

/**
 * A person at a provider is named by what the provider calls them: who looks for them finds them, and nobody else.
 * @param source the connection, or the provider that is everybody's
 */
export const identityId = (source: string, subject: string): string =>
  derivedId("sso_identity", new Date(0), [source, subject]);

/** A person at a provider, and whose account they are. */
export const identityItem = defineItem({
  type: "sso_identity",
  summary: "A person at a provider (by a hash of the provider's subject), and the user that they are.",
  schema: identitySchema.extend({
    /** The pool's account of this person. */
    sub: z.string(),
  }),
  key: { pk: "SSO_IDENTITIES#{connection_id}", sk: "{id}" },
});
export type Identity = ItemOf<typeof identityItem>;

/** Found by its user, and by the pool's account that the person has: that names the user. */
export const platformIdentityItem = defineItem({
  type: "platform_identity",
  summary:
    "A person at a provider that is everybody's (by a hash of the provider's subject), under the user that they are.",
  schema: identitySchema.omit({ connection_id: true }).extend({
    provider: platformProviderSchema,
    /** The pool's account of this person. */
    sub: z.string(),
    /** The registration in which the provider calls them so; absent where it does in every one. */
    registration: z.string().optional(),
  }),
  key: { pk: "PLATFORM_IDENTITIES#{user_id}", sk: "{id}" },
});
export type PlatformIdentity = ItemOf<typeof platformIdentityItem>;

/** The other direction: by which providers a user signs in. */
export const userIdentityItem = defineItem({
  type: "user_identity",
  summary: "Pointer from a user to a person at a provider; the identity itself is the truth.",
  schema: z.object({ ...placeSchema.shape, user_id: idSchema("user"), id: idSchema("sso_identity") }),
  key: { pk: "USER_IDENTITIES#{user_id}", sk: "{id}" },
});

export const identityResource = defineResource({
  type: "sso_identity",
  path: ["sso_identity_id", "sso_connection_id"],
  item: identityItem,
  key: ({ sso_identity_id, sso_connection_id }) => ({ id: sso_identity_id, connection_id: sso_connection_id }),
});

/**
 * One way to a provider and back: asked for by somebody who is signed in and begun, or proved by the provider, spent.
 * What anybody begins is their browser's alone until the provider has proved it. Nonce and verifier stand nowhere: they
 * are made of the secret that only the browser has.
 */
export const signInItem = defineItem({
  type: "sso_sign_in",
  summary: "A sign-in through a provider that is under way; single use, ten minutes.",
  schema: z.object({
    id: idSchema("sso_sign_in"),
    /** Where it leads. */
    lead: leadSchema,
    /** What it is for: a session; that the person at the provider is the user's from then on; to see what comes of it. */
    purpose: z.enum(["sign_in", "link", "trial"]),
    /** Who has asked for it, in which session; nobody where it is for a session. */
    asked_by: z.object({ user_id: idSchema("user"), session_id: idSchema("session") }).optional(),
    status: z.enum(["asked", "started", "proved", "spent"]),
    /** SHA-256 of the secret in the browser's cookie, once there is one. */
    browser_hash: z.string().optional(),
    /** The app that gets the code; none where nobody gets one. */
    app: z.object({ redirect_uri: z.string(), state: z.string(), code_challenge: z.string() }).nullable(),
    /** Of what is to be shown once: the ticket of one that was asked for, the code of one that is proved. */
    code_hash: z.string().optional(),
    profile: profileSchema.optional(),
    /** Who it seemed to be when the provider had proved it: what is read along, never what is decided on. */
    seen_user_id: idSchema("user").optional(),
    /** Which organization they seemed to join; the same. */
    seen_organization_id: idSchema("organization").optional(),
    /** The pool's tokens, encrypted, until the app takes its own. */
    sealed_tokens: z.string().optional(),
    /** What came of a trial. */
    trial: trialResultSchema.optional(),
    expires_at: z.string(),
  }),
  key: { pk: "SSO_SIGN_IN#{id}", sk: "SSO_SIGN_IN" },
  expires: "expires_at",
});
export type SignIn = ItemOf<typeof signInItem>;

/** The connection that a sign-in leads to; undefined where the provider is everybody's. */
export const placeOf = ({ lead }: Pick<SignIn, "lead">): Place | undefined =>
  "connection_id" in lead ? lead : undefined;

export const trialResource = defineResource({
  type: "sso_trial",
  path: ["sso_trial_id", "sso_connection_id"],
  async read({ table, path }): Promise<SignIn | undefined> {
    const found = await table.table.of(PLATFORM).get(signInItem, { id: String(path.sso_trial_id) });
    const place = found && placeOf(found);
    const own = place?.organization_id === table.tenant && place.connection_id === path.sso_connection_id;
    return own && found?.purpose === "trial" ? found : undefined;
  },
});

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
    outcome: signInOutcomeSchema,
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
export type SignInRecord = ItemOf<typeof signInRecordItem>;

/** All connections of an organization. */
export async function connectionsOf(table: Table, tenant: string): Promise<Connection[]> {
  const connections: Connection[] = [];
  for await (const connection of table.of(tenant).all(connectionItem, { of: {} })) connections.push(connection);
  return connections;
}
