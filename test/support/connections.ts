import { providerName } from "../../functions/sso/model.ts";
import { type Connection, connectionItem, connectionPlaceItem, secretContext } from "../../functions/sso/store.ts";
import { timestamp } from "../../shared/clock.ts";
import { PLATFORM } from "../../shared/identity/items.ts";
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
    table.of(PLATFORM).writes.create(connectionPlaceItem, { connection_id: id, organization_id }),
    tenant.writes.update(
      quotaItem,
      { resource: "sso_connections" },
      { set: { resource: "sso_connections" }, add: { used: 1 } },
      {},
    ),
  ]);
  return connection;
}
