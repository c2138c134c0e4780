import { randomBytes } from "node:crypto";
import { providerName } from "../../functions/sso/model.ts";
import {
  type Connection,
  connectionItem,
  type Identity,
  identityId,
  identityItem,
  secretContext,
  signInItem,
  userIdentityItem,
  wayOf,
} from "../../functions/sso/store.ts";
import { addSeconds, timestamp } from "../../shared/clock.ts";
import { sha256 } from "../../shared/hash.ts";
import { connectionPlaceItem, PLATFORM, poolAccountItem, userItem } from "../../shared/identity/items.ts";
import { newEtag, newId } from "../../shared/ids.ts";
import { quotaItem } from "../../shared/limits/quota.ts";
import { stackPlatform } from "./stack.ts";

/** A connection as it is stored, of which the pool knows nothing: for tests that are not about signing in. */
export async function createConnection({ organization_id }: { readonly organization_id: string }): Promise<Connection> {
  const { table, secrets } = stackPlatform();
  const at = new Date();
  const id = newId("sso_connection", at);
  const connection: Connection = {
    id,
    organization_id,
    preset: "custom",
    status: "active",
    name: "Directory",
    allowed_domains: [],
    default_role: "viewer",
    provisioning: false,
    email_trust: "claim",
    attributes: { email: "email", email_verified: "email_verified", name: "name", groups: "groups" },
    group_rules: [],
    provider: { kind: "oidc", issuer: "https://login.example.com", client_id: "kaizen", scopes: ["openid"] },
    saml: null,
    reach: ["viewer", "developer"],
    redirect_url: "https://pool.example.com/oauth2/idpresponse",
    created_by: "usr_00000000000000000000000001",
    created_at: timestamp(at),
    updated_at: timestamp(at),
    provider_name: providerName(organization_id, id),
    pool_client_id: "none",
    callback_url: "https://studio.example.com/api/v1/sso/callback",
    sealed_secret: await secrets.encrypt("secret", secretContext({ organization_id, id })),
    etag: newEtag(at),
  };
  const tenant = table.of(organization_id);
  await table.transact([
    tenant.writes.create(connectionItem, connection),
    table
      .of(PLATFORM)
      .writes.create(connectionPlaceItem, { connection_id: id, organization_id, way: wayOf(connection) }),
    tenant.writes.update(
      quotaItem,
      { resource: "sso_connections" },
      { set: { resource: "sso_connections" }, add: { used: 1 } },
      {},
    ),
  ]);
  return connection;
}

/** Somebody of a connection's directory who signs in to a user's account. */
export async function createIdentity(
  connection_id: string,
  { organization_id, user_id }: { readonly organization_id: string; readonly user_id: string },
): Promise<Identity> {
  const { table } = stackPlatform();
  const platform = table.of(PLATFORM);
  const at = new Date();
  const sub = newId("sso_sign_in", at);
  const id = identityId(connection_id, sub);
  const stamps = { created_at: timestamp(at), last_sign_in_at: timestamp(at) };
  const identity: Identity = { id, connection_id, user_id, sub, email: null, linked_by: "user", ...stamps };
  const user = await platform.get(userItem, { id: user_id });
  await table.transact([
    table.of(organization_id).writes.create(identityItem, identity),
    platform.writes.create(userIdentityItem, { user_id, id, organization_id, connection_id }),
    platform.writes.create(poolAccountItem, { sub, user_id }),
    platform.writes.update(userItem, { id: user_id }, { set: { subs: [...(user?.subs ?? []), sub] } }),
  ]);
  return identity;
}

/** A way to a provider and back that has proved somebody, which this session has asked for. */
export async function createProof(
  { id: connection_id, organization_id }: Pick<Connection, "id" | "organization_id">,
  asked_by: { readonly user_id: string; readonly session_id: string },
): Promise<{ readonly code: string; readonly code_verifier: string }> {
  const { table } = stackPlatform();
  const at = new Date();
  const id = newId("sso_sign_in", at);
  const [secret, code_verifier] = [1, 2].map(() => randomBytes(32).toString("base64url")) as [string, string];
  await table.transact([
    table.of(PLATFORM).writes.create(signInItem, {
      id,
      lead: { organization_id, connection_id },
      purpose: "link",
      asked_by,
      status: "proved",
      app: { redirect_uri: "https://console.example.com/linked", state: "", code_challenge: sha256(code_verifier) },
      code_hash: sha256(secret),
      profile: { subject: id, sub: id, email: null, email_verified: false, name: "Ada", groups: null },
      expires_at: timestamp(addSeconds(at, 60)),
    }),
  ]);
  return { code: `${id}.${secret}`, code_verifier };
}
