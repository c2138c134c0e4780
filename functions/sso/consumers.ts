import { systemContext } from "../../shared/change/commit.ts";
import type { Envelope } from "../../shared/change/events.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Due } from "../../shared/due/item.ts";
import { PLATFORM, userItem } from "../../shared/identity/items.ts";
import { auditDaysOf } from "../../shared/identity/organization.ts";
import { forgetting, type ReconcileDeps, reconcile, removeFromPool } from "./connections/reconcile.ts";
import { unlink } from "./identities/unlink.ts";
import { connectionItem, connectionRepair, connectionsOf, identityItem } from "./store.ts";

export type RepairDeps = ReconcileDeps & { readonly clock: Clock };

/**
 * `sso_connection`: makes the pool be what the table says of a connection, where whoever began it died on the way; and
 * takes apart one that is deleted: client and provider first, so that nobody signs in or refreshes by it, then the people
 * who came by it, each in a transaction, last the connection itself.
 */
export async function repair({ tenant: id, ref }: Due, deps: RepairDeps): Promise<Date | undefined> {
  const tenant = deps.table.of(id);
  const connection = await tenant.get(connectionItem, { id: ref });
  if (connection === undefined) return undefined;
  const at = deps.clock.now();
  const context = systemContext(id, connectionRepair.kind, at, await auditDaysOf(tenant));
  if (connection.status !== "deleting") {
    await reconcile(deps, connection, context);
    return undefined;
  }
  await removeFromPool(deps, connection);
  for await (const identity of tenant.all(identityItem, { of: { connection_id: ref } })) {
    const user = await deps.table.of(PLATFORM).get(userItem, { id: identity.user_id });
    if (user === undefined) throw new Error(`the identity ${identity.id} is of nobody`);
    await unlink(deps.table, context, identity, user);
  }
  await deps.table.transact(forgetting(deps.table, connection));
  return undefined;
}

/**
 * `organization.erasure_begun`: takes what the user pool has of an organization away, while the table still says what that
 * is: its items are erased some minutes later. All of it can be done twice.
 */
export async function forgetAtPool(
  { organization_id }: Pick<Envelope, "organization_id">,
  { table, providers }: Pick<ReconcileDeps, "table" | "providers">,
): Promise<void> {
  for (const connection of await connectionsOf(table, organization_id)) await removeFromPool({ providers }, connection);
}
