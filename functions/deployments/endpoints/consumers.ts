import type { Envelope } from "../../../shared/change/events.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { gatewayItem } from "../../gateways/public.ts";
import type { DeploymentDeps } from "../deps.ts";
import { forgetEndpoint } from "../protocol/client.ts";
import { endpointItem } from "../store.ts";
import type { StoredEndpoint } from "./model.ts";
import { changing, tell } from "./telling.ts";

/** How often somebody may have changed an endpoint in between. */
const TRIES = 5;

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

async function retell(
  tenant: TenantTable,
  { gateway_id, target_id }: StoredEndpoint,
  deps: DeploymentDeps,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    const [gateway, endpoint] = await tenant.table.batch([
      tenant.read(gatewayItem, { id: gateway_id }),
      tenant.read(endpointItem, { gateway_id, target_id }),
    ]);
    if (gateway === undefined || endpoint === undefined) return;
    try {
      await tenant.transact(changing(tenant, endpoint, {}, deps.clock.now()).writes);
      const said = await tell(tenant, gateway, endpoint, deps);
      if (!said.ok) throw new Error(`the data plane could not be told of an endpoint: ${said.code}`);
      return;
    } catch (error) {
      if (!(error instanceof Problem) || error.code !== "precondition_failed" || tries === TRIES) throw error;
    }
  }
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
