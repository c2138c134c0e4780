import { eventWrites, systemContext } from "../../shared/change/commit.ts";
import { updateWithRetry } from "../../shared/change/update.ts";
import { addSeconds } from "../../shared/clock.ts";
import type { Due } from "../../shared/due/item.ts";
import { removals, removeAll } from "../../shared/dynamo/removals.ts";
import { lostRace } from "../../shared/dynamo/write.ts";
import { organizationItem } from "../../shared/identity/items.ts";
import { newEtag } from "../../shared/ids.ts";
import { retentionOf } from "../../shared/limits/retention.ts";
import { check } from "./checks/check.ts";
import { record } from "./checks/record.ts";
import type { CheckDeps } from "./deps.ts";
import { liveKeys } from "./rules/keys.ts";
import { checkDue, checkItem, gatewayItem, gatewayWithHealth } from "./store.ts";

/** Less than the minute between two looks of the sweeper, however long a check takes: each look finds it. */
const INTERVAL_SECONDS = 40;

/** A gateway of an organization that is suspended is looked at again after this. */
const HELD_SECONDS = 600;

/** `gateway_check`: an active gateway is asked how it is; one that is gone leaves nothing. @returns when to look again */
export async function look({ tenant: of, ref: id }: Due, deps: CheckDeps): Promise<Date | undefined> {
  const tenant = deps.table.of(of);
  const [organization, gateway] = await deps.table.batch([
    tenant.read(organizationItem, {}),
    tenant.read(gatewayItem, { id }),
  ]);
  if (gateway === undefined) {
    await removeAll(tenant, removals(tenant, checkItem, { gateway_id: id }));
    return undefined;
  }
  if (organization === undefined || gateway.admin_state !== "active") return undefined;
  if (organization.status !== "active") return addSeconds(deps.clock.now(), HELD_SECONDS);
  const found = await check(gateway, deps);
  const now = deps.clock.now();
  await updateWithRetry(undefined, async () => {
    const seen = await gatewayWithHealth(tenant, id);
    // Changed meanwhile: what was found is of what it was, and whoever changed it has it looked at anew.
    if (seen?.gateway.epoch !== gateway.epoch) return;
    const { writes, events } = record(tenant, seen, found, now);
    const context = systemContext(of, checkDue.kind, now, retentionOf(organization).audit_days);
    await tenant.transact([...writes, ...eventWrites(deps.table, context, events)]);
  });
  return addSeconds(now, INTERVAL_SECONDS);
}

/** `gateway_key`: a key whose overlap has ended is forgotten. */
export async function forgetKey({ tenant: of, ref: id }: Due, deps: CheckDeps): Promise<undefined> {
  const tenant = deps.table.of(of);
  await updateWithRetry(undefined, async () => {
    const gateway = await tenant.get(gatewayItem, { id });
    if (gateway === undefined) return;
    const now = deps.clock.now();
    const keys = liveKeys(gateway.keys, now);
    if (keys.length === gateway.keys.length) return;
    const change = { set: { keys, etag: newEtag(now) } };
    const write = tenant.writes.update(gatewayItem, { id }, change, { equals: { etag: gateway.etag } }, lostRace);
    await tenant.transact([write]);
  });
}
