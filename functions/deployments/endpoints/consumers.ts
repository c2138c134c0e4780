import type { Envelope } from "../../../shared/change/events.ts";
import { updateWithRetry } from "../../../shared/change/update.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { gatewayItem } from "../../gateways/public.ts";
import type { DeploymentDeps } from "../deps.ts";
import { forgetEndpoint } from "../protocol/client.ts";
import { endpointItem } from "../store.ts";
import type { StoredEndpoint } from "./model.ts";
import { changing, tell } from "./telling.ts";

/**
 * What endpoints follow: an organization that is suspended is served no more, one with another plan by that; a gateway that is deleted
 * leaves none. What cannot be told throws, and comes again.
 */
export async function hear({ type, organization_id, data }: Envelope, deps: DeploymentDeps): Promise<void> {
  const tenant = deps.table.of(organization_id);
  const gateway_id = type === "gateway.deleted" ? String(data.gateway_id) : undefined;
  for await (const endpoint of endpointsOf(tenant, gateway_id)) {
    if (gateway_id === undefined) await retell(tenant, endpoint, deps);
    else await forget(tenant, endpoint, deps);
  }
}

const endpointsOf = (tenant: TenantTable, gateway_id: string | undefined): AsyncIterable<StoredEndpoint> =>
  gateway_id === undefined
    ? tenant.all(endpointItem, { index: "gsi1", of: {} })
    : tenant.all(endpointItem, { of: { gateway_id } });

/** Another revision, so that what was told before, of the organization as it was, is never the last word. */
async function retell(
  tenant: TenantTable,
  { gateway_id, target_id }: StoredEndpoint,
  deps: DeploymentDeps,
): Promise<void> {
  const gateway = await updateWithRetry(undefined, async () => {
    const [gateway, endpoint] = await tenant.table.batch([
      tenant.read(gatewayItem, { id: gateway_id }),
      tenant.read(endpointItem, { gateway_id, target_id }),
    ]);
    if (gateway === undefined || endpoint === undefined) return undefined;
    await tenant.transact(changing(tenant, endpoint, {}, deps.clock.now()).writes);
    return gateway;
  });
  if (gateway === undefined) return;
  const said = await tell(tenant, gateway, { gateway_id, target_id }, deps);
  if (!said.ok) throw new Error(`the data plane could not be told of an endpoint: ${said.code}`);
}

async function forget(
  tenant: TenantTable,
  { gateway_id, target_id }: StoredEndpoint,
  deps: DeploymentDeps,
): Promise<void> {
  const said = await forgetEndpoint(tenant.tenant, { gateway_id, target_id }, deps);
  if (!said.ok) throw new Error(`the data plane could not be told to forget an endpoint: ${said.code}`);
  await tenant.transact([tenant.writes.remove(endpointItem, { gateway_id, target_id }, {})]);
}
