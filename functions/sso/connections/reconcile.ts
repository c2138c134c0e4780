import { type ChangeContext, commitChange } from "../../../shared/change/commit.ts";
import { draft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import type { Sealer } from "../../../shared/http/platform.ts";
import { connectionPlaceItem, PLATFORM } from "../../../shared/identity/items.ts";
import { POOL_ATTRIBUTES, type PoolProvider } from "../../../shared/identity/pool-providers.ts";
import { newEtag } from "../../../shared/ids.ts";
import { giveQuota } from "../../../shared/limits/quota.ts";
import { ssoEvents } from "../events.ts";
import { nextLook } from "../saml/rules/expiry.ts";
import { POOL_SAML_SETTINGS, poolDocument } from "../saml/rules/pool-document.ts";
import { certificatesOf } from "../saml/rules/stored.ts";
import { type Connection, connectionItem, connectionRepair, leading, samlLook, secretContext } from "../store.ts";
import type { PoolProviders } from "./pool.ts";

export interface ReconcileDeps {
  readonly table: Table;
  readonly secrets: Pick<Sealer, "decrypt">;
  readonly providers: PoolProviders;
}

/** A request is over by then; whatever it left undone is done by the repair. */
export const REPAIR_SECONDS = 120;

/** The provider as the pool is to know it. Cognito names people itself by the NameID of SAML. */
export function poolProvider(connection: Connection, client_secret: string, at: Date): PoolProvider {
  const { attributes, provider, provider_name: name } = connection;
  const read = {
    [POOL_ATTRIBUTES.email]: attributes.email,
    [POOL_ATTRIBUTES.name]: attributes.name,
    [POOL_ATTRIBUTES.groups]: attributes.groups,
  };
  if (provider.kind === "saml") {
    const certificates = certificatesOf(provider, connection.saml);
    const MetadataFile = poolDocument({ ...provider, certificates }, at);
    return { name, type: "SAML", details: { MetadataFile, ...POOL_SAML_SETTINGS }, mapping: read };
  }
  return {
    name,
    type: "OIDC",
    details: {
      oidc_issuer: provider.issuer,
      client_id: provider.client_id,
      client_secret,
      authorize_scopes: provider.scopes.join(" "),
      attributes_request_method: "GET",
    },
    mapping: {
      username: "sub",
      ...read,
      ...(attributes.email_verified === null ? {} : { [POOL_ATTRIBUTES.email_verified]: attributes.email_verified }),
    },
  };
}

/** All that the pool knows of a provider, as a text to compare. */
export const knownToPool = (connection: Connection, at: Date): string =>
  JSON.stringify(poolProvider(connection, connection.sealed_secret ?? "", at));

/** Has a SAML provider looked at when it is time; others need it not. */
export function looking(table: Table, { organization_id, id, provider, saml }: Connection, at: Date): Write[] {
  const next = provider.kind === "saml" ? nextLook(provider, saml?.warned ?? null, at) : undefined;
  return next === undefined ? [] : [samlLook.set(table.of(organization_id), id, next)];
}

/** Makes the pool's provider be what the connection says. */
export async function putProvider(deps: ReconcileDeps, connection: Connection, at: Date): Promise<void> {
  const { sealed_secret } = connection;
  const secret = sealed_secret === null ? "" : await deps.secrets.decrypt(sealed_secret, secretContext(connection));
  await deps.providers.put(poolProvider(connection, secret, at));
}

export const subject = ({ id, name }: Connection) =>
  [
    { id, name },
    { connection_id: id, name },
  ] as const;

/**
 * Brings a pending connection to life at the pool. The client is made after the provider, which it names; its id is known
 * to nobody before the write that this gives.
 * @returns the connection as it is then, with what the transaction that says so holds
 */
export async function activation(deps: ReconcileDeps, pending: Connection, at: Date) {
  await putProvider(deps, pending, at);
  const { id, provider_name: provider, callback_url: callback } = pending;
  const pool_client_id = await deps.providers.createClient({ name: id, provider, callback });
  const connection: Connection = {
    ...pending,
    status: "active",
    pool_client_id,
    updated_at: timestamp(at),
    etag: newEtag(at),
  };
  const tenant = deps.table.of(pending.organization_id);
  return {
    connection,
    writes: [
      tenant.writes.replace(connectionItem, connection, pending.etag, { equals: { status: "pending" } }),
      ...leading(deps.table, pending, connection),
      connectionRepair.clear(tenant, id),
      ...looking(deps.table, connection, at),
    ],
    events: [draft(ssoEvents, "sso.connection_created", ...subject(connection))] as const,
  };
}

/** The writes by which a connection is one that is taken apart: nobody comes in by it, nor stays in, from then on. */
export function deleting(table: Table, read: Connection, at: Date): Write[] {
  const tenant = table.of(read.organization_id);
  const next: Connection = { ...read, status: "deleting", updated_at: timestamp(at), etag: newEtag(at) };
  return [
    tenant.writes.replace(connectionItem, next, read.etag),
    connectionRepair.set(tenant, read.id, at),
    table.of(PLATFORM).writes.remove(connectionPlaceItem, { connection_id: read.id }, {}),
  ];
}

/** The writes that forget a connection; the pool has forgotten it already. */
export function forgetting(table: Table, connection: Connection): Write[] {
  const { id, organization_id } = connection;
  const tenant = table.of(organization_id);
  return [
    tenant.writes.remove(connectionItem, { id }, { equals: { etag: connection.etag } }, lostRace),
    table.of(PLATFORM).writes.remove(connectionPlaceItem, { connection_id: id }, {}),
    giveQuota(tenant, "sso_connections"),
    connectionRepair.clear(tenant, id),
    samlLook.clear(tenant, id),
  ];
}

/** Removes all that the pool has of a connection: what is there, and what a maker who died may have left. */
export async function removeFromPool(
  { providers }: Pick<ReconcileDeps, "providers">,
  connection: Connection,
): Promise<void> {
  const { id, pool_client_id, provider_name } = connection;
  const clients = pool_client_id === null ? await providers.findClients(id) : [pool_client_id];
  for (const client of clients) await providers.removeClient(client);
  await providers.remove(provider_name);
}

/**
 * Makes the pool be what the table says of a connection. What was pending is begun anew: a client whose id nobody knows
 * is removed first. What was changed meanwhile is told again: its change may have told the pool before this did.
 */
export async function reconcile(deps: ReconcileDeps, connection: Connection, context: ChangeContext): Promise<void> {
  if (connection.status === "pending") {
    for (const client of await deps.providers.findClients(connection.id)) await deps.providers.removeClient(client);
    const { writes, events } = await activation(deps, connection, context.at);
    await commitChange(deps.table, context, { writes, events });
    return;
  }
  const own = deps.table.of(connection.organization_id);
  for (let told: Connection | undefined = connection; told !== undefined; ) {
    await putProvider(deps, told, context.at);
    const { etag }: Connection = told;
    const read: Connection | undefined = await own.get(connectionItem, { id: connection.id });
    told = read?.etag === etag || read?.status === "deleting" ? undefined : read;
  }
}
