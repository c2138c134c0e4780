import type { Table } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { type Connection, connectionItem, connectionsOf, identityItem } from "../store.ts";

/** An active connection through which somebody has signed in: it is known to work. */
export async function usedConnection(table: Table, tenant: string, except?: string): Promise<Connection | undefined> {
  for (const connection of await connectionsOf(table, tenant)) {
    if (connection.status !== "active" || connection.id === except) continue;
    const { items } = await table.of(tenant).page(identityItem, { of: { connection_id: connection.id }, limit: 1 });
    if (items.length > 0) return connection;
  }
  return undefined;
}

/** Proves within a transaction that a connection is active. */
export const stillActive = (table: Table, { organization_id, id }: Connection): Write =>
  table.of(organization_id).writes.check(connectionItem, { id }, { equals: { status: "active" } }, lostRace);

/**
 * Proves within the transaction that turns an active connection off, or deletes it, that this shuts nobody out: sign-in
 * through a provider is not enforced, or another connection stays.
 * @throws Problem `conflict` for the last one
 */
export async function anotherWayIn(table: Table, { organization_id, id, status }: Connection): Promise<Write[]> {
  if (status !== "active") return [];
  const tenant = table.of(organization_id);
  const organization = await tenant.get(organizationItem, {});
  if (organization?.break_glass_user_id === undefined)
    return [tenant.writes.check(organizationItem, {}, { absent: ["break_glass_user_id"] }, lostRace)];
  const other = await usedConnection(table, organization_id, id);
  if (other !== undefined) return [stillActive(table, other)];
  throw new Problem(
    "conflict",
    "Sign-in through a provider is enforced, and this is the last connection through which people come in.",
    { members: { state: "sso_enforced" } },
  );
}
