import { systemContext } from "../../shared/change/commit.ts";
import type { Envelope } from "../../shared/change/events.ts";
import { updateWithRetry } from "../../shared/change/update.ts";
import type { Clock } from "../../shared/clock.ts";
import type { Due } from "../../shared/due/item.ts";
import { organizationItem, PLATFORM, userItem } from "../../shared/identity/items.ts";
import { auditDaysOf } from "../../shared/identity/organization.ts";
import { deleting, forgetting, type ReconcileDeps, reconcile, removeFromPool } from "./connections/reconcile.ts";
import { noLonger } from "./enforcement/named.ts";
import { unlink } from "./identities/unlink.ts";
import { connectionItem, connectionRepair, connectionsOf, identityItem } from "./store.ts";

export type RepairDeps = ReconcileDeps & { readonly clock: Clock };

/** People whose way in is taken away in one go: a minute is enough for some hundreds. */
const UNLINKED_AT_ONCE = 100;

/**
 * `sso_connection`: makes the pool be what the table says of a connection, where whoever began it died on the way; and
 * takes apart one that is deleted: client and provider first, so that nobody signs in or refreshes by it, then the people
 * who came by it, each in a transaction, last the connection itself.
 * @returns when to go on, where there are more people than one go takes
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
  const { items } = await tenant.page(identityItem, { of: { connection_id: ref }, limit: UNLINKED_AT_ONCE });
  for (const identity of items) {
    const user = await deps.table.of(PLATFORM).get(userItem, { id: identity.user_id });
    if (user === undefined) throw new Error(`the identity ${identity.id} is of nobody`);
    await unlink(deps.table, context, identity, user);
  }
  if (items.length === UNLINKED_AT_ONCE) return at;
  await deps.table.transact(forgetting(deps.table, connection));
  return undefined;
}

/**
 * `organization.erasure_begun`: lets go of what outlives the organization, while the table still says what that is; its
 * items are erased when no connection is left. The owner who is named for emergencies is so no longer, and each
 * connection is taken apart by the repair, as one that is deleted: pool, people's ways in, sessions. All of it can be
 * done twice.
 */
export async function letGo(
  { organization_id }: Pick<Envelope, "organization_id">,
  { table, clock }: Pick<RepairDeps, "table" | "clock">,
): Promise<void> {
  const tenant = table.of(organization_id);
  await updateWithRetry(undefined, async () => {
    const { break_glass_user_id: id } = (await tenant.get(organizationItem, {})) ?? {};
    const user = id === undefined ? undefined : await table.of(PLATFORM).get(userItem, { id });
    if (user?.break_glass_in?.includes(organization_id)) await table.transact([noLonger(table, user, organization_id)]);
  });
  await updateWithRetry(undefined, async () => {
    const at = clock.now();
    for (const connection of await connectionsOf(table, organization_id))
      await table.transact(deleting(table, connection, at));
  });
}
