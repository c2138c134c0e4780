import { timestamp } from "../../../shared/clock.ts";
import type { Due } from "../../../shared/due/item.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import { type Organization, organizationItem } from "../../../shared/identity/items.ts";
import { newEtag } from "../../../shared/ids.ts";
import type { Gateway } from "../../gateways/model.ts";
import { gatewayItem } from "../../gateways/public.ts";
import type { Endpoint } from "../../serving/public.ts";
import type { DeploymentDeps } from "../deps.ts";
import { tellEndpoint } from "../protocol/client.ts";
import type { FailureCode } from "../rules/failures.ts";
import { endpointDue, endpointItem } from "../store.ts";
import type { StoredEndpoint } from "./model.ts";

export interface Place {
  readonly gateway_id: string;
  readonly target_id: string;
}

const refOf = ({ gateway_id, target_id }: Place): string => `${gateway_id}/${target_id}`;

/** How long after a change the data plane is told of it by itself, should whoever made the change not have. */
const AFTER_MS = 15_000;
/** After so long it is tried again. */
const AGAIN_MS = 60_000;

/** A change of what the data plane has to know, which it is told after. */
export function changing(
  tenant: TenantTable,
  read: StoredEndpoint,
  fields: Partial<StoredEndpoint>,
  at: Date,
): { readonly next: StoredEndpoint; readonly writes: readonly Write[] } {
  const { gateway_id, target_id } = read;
  const set = { ...fields, revision: read.revision + 1, updated_at: timestamp(at), etag: newEtag(at) };
  return {
    next: { ...read, ...set },
    writes: [
      tenant.writes.update(endpointItem, { gateway_id, target_id }, { set }, { equals: { etag: read.etag } }, lostRace),
      endpointDue.set(tenant, refOf(read), new Date(at.getTime() + AFTER_MS)),
    ],
  };
}

/** An endpoint as the data plane is told of it. */
function told(endpoint: StoredEndpoint, { plan, status }: Pick<Organization, "plan" | "status">): Endpoint {
  const { gateway_id, target_id, name, environment, revision, serves_id, channels, allowed_origins } = endpoint;
  return {
    gateway_id,
    target_id,
    name,
    environment,
    revision,
    plan,
    open: status === "active",
    serves: serves_id === null ? [] : [{ deployment_id: serves_id, weight: 100 }],
    channels,
    allowed_origins,
    requests_per_minute: endpoint.requests_per_minute,
    keys: endpoint.keys
      .filter(({ revoked_at }) => revoked_at === null)
      .map(({ id, hash, expires_at }) => ({ id, hash, expires_at })),
  };
}

export type Told =
  | { readonly ok: true; readonly endpoint: StoredEndpoint }
  | { readonly ok: false; readonly code: FailureCode };

/**
 * Tells the data plane how an endpoint is now: read after whatever was changed, told as a whole. What comes too late, because something
 * later was told, changes nothing there.
 */
export async function tell(tenant: TenantTable, gateway: Gateway, place: Place, deps: DeploymentDeps): Promise<Told> {
  const { gateway_id, target_id } = place;
  const read = await tenant.get(endpointItem, { gateway_id, target_id });
  // After the endpoint: whoever suspends counts a revision, and nobody may tell that one with an organization of before.
  const organization = await tenant.get(organizationItem, {});
  if (read === undefined || organization === undefined) return { ok: false, code: "gateway_gone" };
  const said = await tellEndpoint(gateway, told(read, organization), deps);
  if (!said.ok) return said;
  const { revision } = read;
  // Withdrawn keys are known nowhere any more.
  const keys = read.keys.filter(({ revoked_at }) => revoked_at === null);
  const set = { told_revision: revision, keys };
  try {
    await tenant.transact([
      tenant.writes.update(endpointItem, { gateway_id, target_id }, { set }, { equals: { revision } }, lostRace),
      endpointDue.clear(tenant, refOf(place)),
    ]);
  } catch (error) {
    // Changed meanwhile: whoever did tells it.
    if (!(error instanceof Problem) || error.code !== "precondition_failed") throw error;
  }
  return { ok: true, endpoint: { ...read, ...set } };
}

/** `deployment_endpoint`: a change of which the data plane has not been told. @returns when to tell it again */
export async function tellDue(
  { tenant: of, ref }: Pick<Due, "tenant" | "ref">,
  deps: DeploymentDeps,
): Promise<Date | undefined> {
  const [gateway_id = "", target_id = ""] = ref.split("/");
  const tenant = deps.table.of(of);
  const gateway = await tenant.get(gatewayItem, { id: gateway_id });
  if (gateway === undefined) return undefined;
  const said = await tell(tenant, gateway, { gateway_id, target_id }, deps);
  return said.ok ? undefined : new Date(deps.clock.now().getTime() + AGAIN_MS);
}
