import { updateWithRetry } from "../../../shared/change/update.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import type { Gateway } from "../../gateways/model.ts";
import type { DeploymentDeps } from "../deps.ts";
import type { FailureCode } from "../rules/failures.ts";
import { endpointItem, type StoredDeployment, slotItem } from "../store.ts";
import { changing, tell } from "./telling.ts";

type Said = { readonly ok: true } | { readonly ok: false; readonly code: FailureCode };

/** Has the endpoint answer by a deployment, or by none, and tells the data plane. Doing it again tells it again. */
export async function serve(
  tenant: TenantTable,
  gateway: Gateway,
  place: Pick<StoredDeployment, "gateway_id" | "target_id">,
  serves_id: string | null,
  deps: DeploymentDeps,
): Promise<Said> {
  const { gateway_id, target_id } = place;
  const there = await updateWithRetry(undefined, async () => {
    const read = await tenant.get(endpointItem, { gateway_id, target_id });
    if (read === undefined) return false;
    if (read.serves_id !== serves_id)
      await tenant.transact(changing(tenant, read, { serves_id }, deps.clock.now()).writes);
    return true;
  });
  if (!there) return { ok: false, code: "gateway_gone" };
  return tell(tenant, gateway, place, deps);
}

/** Before a deployment is taken away: what is active in its place answers, or nothing does. */
export async function leave(
  tenant: TenantTable,
  gateway: Gateway,
  read: StoredDeployment,
  deps: DeploymentDeps,
): Promise<Said> {
  const { id, gateway_id, target_id } = read;
  const [endpoint, slot] = await tenant.table.batch([
    tenant.read(endpointItem, { gateway_id, target_id }),
    tenant.read(slotItem, { gateway_id, target_id }),
  ]);
  if (endpoint?.serves_id !== id) return { ok: true };
  const active = slot?.active_id;
  return serve(tenant, gateway, read, active === undefined || active === id ? null : active, deps);
}
