import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../../shared/dynamo/write.ts";
import { newEtag } from "../../../shared/ids.ts";
import { releaseAgent } from "../../agents/public.ts";
import { gatewayUseItem } from "../../gateways/public.ts";
import { about, deploymentEvents, ref } from "../events.ts";
import { type DeploymentFailure, type DeploymentStatus, includes, type logEvents, STARTING } from "../model.ts";
import { deploymentStates } from "../registry/model.ts";
import { deploymentDue, deploymentItem, deploymentLogItem, type StoredDeployment, slotItem } from "../store.ts";

/** A deployment as it becomes, with what makes it so. */
export interface Changed {
  readonly next: StoredDeployment;
  readonly writes: readonly Write[];
  readonly events: readonly EventDraft[];
}

export interface Entry {
  readonly event: (typeof logEvents)[number];
  readonly message: string;
}

/** What is told at once, in the transaction of what happened. A deployment that has changed since it was read is not changed. */
export function changed(
  tenant: TenantTable,
  read: StoredDeployment,
  fields: Partial<StoredDeployment>,
  entry: Entry | undefined,
  at: Date,
): { readonly next: StoredDeployment; readonly writes: readonly Write[] } {
  const { id, gateway_id, target_id, status } = read;
  const logged = read.logged + (entry === undefined ? 0 : 1);
  // The whole key of each index that the status is in.
  const set = { status, gateway_id, target_id, ...fields, logged, updated_at: timestamp(at), etag: newEtag(at) };
  return {
    next: { ...read, ...set },
    writes: [
      tenant.writes.update(deploymentItem, { id }, { set }, { equals: { etag: read.etag } }, lostRace),
      ...(entry === undefined
        ? []
        : [
            tenant.writes.create(deploymentLogItem, {
              deployment_id: id,
              sequence: logged,
              at: timestamp(at),
              ...entry,
            }),
          ]),
    ],
  };
}

/** A change of state. @throws Problem `conflict` where the table of states has no such move */
export function moved(
  tenant: TenantTable,
  read: StoredDeployment,
  to: DeploymentStatus,
  fields: Partial<StoredDeployment>,
  entry: Entry,
  at: Date,
) {
  if (!deploymentStates.allows(read.status, to)) throw deploymentStates.refusal(read.status, to);
  return changed(tenant, read, { ...fields, status: to, attempts: 0 }, entry, at);
}

/** Frees the place that a deployment has, or was to have: nothing of the thing is active there then, or on its way. */
function leaveSlot(tenant: TenantTable, { id, gateway_id, target_id, status }: StoredDeployment): Write[] {
  const place = includes(STARTING, status) ? "starting_id" : status === "active" ? "active_id" : undefined;
  if (place === undefined) return [];
  const key = { gateway_id, target_id };
  return [tenant.writes.update(slotItem, key, { remove: [place] }, { equals: { [place]: id } }, lostRace)];
}

/** Its end is told to the gateway's count, so that a gateway with nothing on it can be deleted. */
const leaveGateway = (tenant: TenantTable, { gateway_id }: StoredDeployment): Write =>
  tenant.writes.update(gatewayUseItem, { gateway_id }, { add: { live: -1 } }, { at_least: { live: 1 } }, lostRace);

const WHY = {
  requested: "Somebody stops it.",
  superseded: "Another deployment has taken its place.",
  failed: "It could not be verified: it is taken away again.",
} as const;

interface Stopping {
  readonly error?: DeploymentFailure | null;
  /** So long it is still served. */
  readonly after_seconds?: number;
  /** Its place is another one's already. */
  readonly keeps_slot?: boolean;
}

/** A change that is told. */
export interface Told extends Changed {
  readonly events: readonly [EventDraft, ...EventDraft[]];
}

/** Begins to take a deployment away. */
export function stopping(
  tenant: TenantTable,
  read: StoredDeployment,
  stop_reason: keyof typeof WHY,
  at: Date,
  { error = null, after_seconds = 0, keeps_slot = false }: Stopping = {},
): Told {
  // Whoever works at it comes to an end first: what it has asked for is what has to be taken away.
  const worked = includes(STARTING, read.status) && stop_reason === "requested" && read.claimed_until > timestamp(at);
  const from = worked ? new Date(read.claimed_until) : addSeconds(at, after_seconds);
  const fields = { stop_reason, error, claimed_until: timestamp(from) };
  const { next, writes } = moved(
    tenant,
    read,
    "stopping",
    fields,
    { event: "stopping", message: WHY[stop_reason] },
    at,
  );
  return {
    next,
    writes: [...writes, ...(keeps_slot ? [] : leaveSlot(tenant, read)), deploymentDue.set(tenant, read.id, from)],
    events: [draft(deploymentEvents, "deployment.stopping", ref(next), { ...about(next), stop_reason })],
  };
}

/** The end of one that never was active, and of which nothing is left at the gateway. */
export function failed(tenant: TenantTable, read: StoredDeployment, error: DeploymentFailure, at: Date): Told {
  const entry = { event: "failed", message: error.message } as const;
  const { next, writes } = moved(tenant, read, "failed", { error, endpoint_url: null }, entry, at);
  return {
    next,
    writes: [...writes, ...leaveSlot(tenant, read), leaveGateway(tenant, read), deploymentDue.clear(tenant, read.id)],
    events: [
      draft(
        deploymentEvents,
        "deployment.failed",
        ref(next),
        { ...about(next), error_code: error.code },
        FAILED(error.code),
      ),
    ],
  };
}

/** The end of one that its gateway serves no more. */
export function stopped(tenant: TenantTable, read: StoredDeployment, at: Date): Told {
  const fields = { endpoint_url: null, error: null, stopped_at: timestamp(at) };
  const entry = { event: "stopped", message: "The gateway serves it no more." } as const;
  const { next, writes } = moved(tenant, read, "stopped", fields, entry, at);
  const { id, target_id, deployed_at } = read;
  const user = { agent_id: target_id, user_kind: "deployment", user_id: id } as const;
  return {
    next,
    writes: [
      ...writes,
      leaveGateway(tenant, read),
      ...(deployed_at === null ? [] : releaseAgent(tenant.table, tenant.tenant, user)),
      deploymentDue.clear(tenant, id),
    ],
    events: [draft(deploymentEvents, "deployment.stopped", ref(next), about(next))],
  };
}

/** It may still be served: somebody has to look. */
export function stopFailed(tenant: TenantTable, read: StoredDeployment, error: DeploymentFailure, at: Date): Told {
  const entry = { event: "stop_failed", message: error.message } as const;
  const { next, writes } = moved(tenant, read, "stop_failed", { error }, entry, at);
  return {
    next,
    writes: [...writes, deploymentDue.clear(tenant, read.id)],
    events: [
      draft(
        deploymentEvents,
        "deployment.stop_failed",
        ref(next),
        { ...about(next), error_code: error.code },
        FAILED(error.code),
      ),
    ],
  };
}

const FAILED = (reason: string) => ({ outcome: "failed", reason }) as const;
