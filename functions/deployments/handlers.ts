import { draft } from "../../shared/change/events.ts";
import { given, requireMatch, updateWithRetry } from "../../shared/change/update.ts";
import { timestamp } from "../../shared/clock.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import { lostRace, type Write } from "../../shared/dynamo/write.ts";
import { badReference, notFound, Problem } from "../../shared/errors.ts";
import type { Call, Handler } from "../../shared/http/call.ts";
import { requireAlso } from "../../shared/http/permit.ts";
import { newEtag, newId } from "../../shared/ids.ts";
import { giveQuota, takeQuota } from "../../shared/limits/quota.ts";
import { agentItem, pinAgent } from "../agents/public.ts";
import type { Gateway } from "../gateways/model.ts";
import { gatewayItem, gatewayUseItem } from "../gateways/public.ts";
import { gatewayStates } from "../gateways/registry/model.ts";
import type { DeploymentDeps } from "./deps.ts";
import { DEFAULTS } from "./endpoints/model.ts";
import { about, deploymentEvents, ref } from "./events.ts";
import { includes, WORKED } from "./model.ts";
import type { operations } from "./operations.ts";
import { describe } from "./protocol/client.ts";
import { deploymentStates } from "./registry/model.ts";
import { failure } from "./rules/failures.ts";
import { stopping } from "./steps/changes.ts";
import {
  deploymentDue,
  deploymentItem,
  deploymentLogItem,
  endpointItem,
  type StoredDeployment,
  slotItem,
} from "./store.ts";

export { createKey, getEndpoint, revokeKey, updateEndpoint } from "./endpoints/handlers.ts";

type Ops = typeof operations;

export const create: Handler<Ops["create"], DeploymentDeps> = async (call, deps) => {
  const { body, context } = call;
  const { agent_id, gateway_id, version } = body;
  const tenant = deps.table.of(context.tenant);
  const { agent, gateway } = await deps.table.batchOf({
    agent: tenant.read(agentItem, { id: agent_id }),
    gateway: tenant.read(gatewayItem, { id: gateway_id }),
  });
  if (agent === undefined) throw badReference("agent_id");
  if (gateway === undefined) throw badReference("gateway_id");
  requireAlso(call, "agents:deploy", "Deploying an agent");
  requireReady(gateway);
  const pinned = await pinAgent(tenant, agent, version).catch((error: unknown) => {
    if (error instanceof Problem && error.code === "not_found")
      throw badReference("version", "is no version of this agent");
    throw error;
  });
  return deploy(call, deps, {
    name: body.name ?? agent.name,
    target_id: agent.id,
    workspace_ids: agent.workspace_ids,
    version: pinned,
    gateway,
    drain_seconds: body.drain_seconds,
    redeploy_of: null,
  });
};

export const redeploy: Handler<Ops["redeploy"], DeploymentDeps> = async (call, deps) => {
  const read = await call.load();
  const tenant = deps.table.of(call.context.tenant);
  const { id, name, target_id, version, gateway_id } = read;
  requireAlso(call, "agents:deploy", "Deploying an agent");
  const { agent, gateway } = await deps.table.batchOf({
    agent: tenant.read(agentItem, { id: target_id }),
    gateway: tenant.read(gatewayItem, { id: gateway_id }),
  });
  if (gateway === undefined)
    throw new Problem("conflict", "Its gateway has been deleted.", { members: { state: "deleted" } });
  if (agent === undefined)
    throw new Problem("conflict", "Its agent has been deleted.", { members: { state: "deleted" } });
  requireReady(gateway);
  await pinAgent(tenant, agent, version);
  const drain_seconds = call.body.drain_seconds ?? read.drain_seconds;
  const { workspace_ids } = agent;
  return deploy(call, deps, { name, target_id, version, workspace_ids, gateway, drain_seconds, redeploy_of: id });
};

/** A gateway that is in use, and not known to be ill. @throws Problem `conflict` */
function requireReady({ admin_state, health }: Gateway): void {
  if (admin_state !== "active") throw gatewayStates.refusal(admin_state, ["active"]);
  if (health === "unhealthy")
    throw new Problem("conflict", "The gateway is unhealthy. `GET /gateways/{gateway_id}` says why.", {
      members: { state: health },
    });
}

type Wanted = Pick<
  StoredDeployment,
  "name" | "target_id" | "version" | "workspace_ids" | "drain_seconds" | "redeploy_of"
> & {
  readonly gateway: Gateway;
};

/** An endpoint of the built-in data plane, where a thing comes to it for the first time. */
async function endpointWrites(tenant: TenantTable, gateway: Gateway, deployment: StoredDeployment): Promise<Write[]> {
  if (gateway.kind !== "built_in") return [];
  const { gateway_id, target_id, name, environment, organization_id, created_at, etag } = deployment;
  if ((await tenant.get(endpointItem, { gateway_id, target_id })) !== undefined) return [];
  const times = { created_at, updated_at: created_at, etag };
  const empty = { serves_id: null, keys: [], revision: 1, told_revision: 0 };
  const of = { organization_id, gateway_id, target_id, name, environment };
  return [
    tenant.writes.create(endpointItem, { ...DEFAULTS, allowed_origins: [], ...of, ...empty, ...times }, lostRace),
  ];
}

/** Takes the place of what is on its way to this gateway, and leaves the rest to whoever hears of it. */
async function deploy(
  call: Call<Ops["create"]> | Call<Ops["redeploy"]>,
  { table }: DeploymentDeps,
  { gateway, ...wanted }: Wanted,
) {
  const { context, caller, at } = call;
  const tenant = table.of(context.tenant);
  const now = timestamp(at);
  const { id: gateway_id, environment } = gateway;
  const { target_id, redeploy_of } = wanted;
  const id = newId("deployment", at);
  const deployment: StoredDeployment = {
    ...wanted,
    id,
    organization_id: context.tenant,
    kind: "agent",
    gateway_id,
    environment,
    status: "pending",
    digest: null,
    registration_id: null,
    endpoint_url: null,
    error: null,
    stop_reason: null,
    replaces_id: null,
    created_by: context.actor.id,
    created_at: now,
    deployed_at: null,
    stopped_at: null,
    updated_at: now,
    etag: newEtag(at),
    claimed_until: now,
    attempts: 0,
    deployed_by: caller.principal,
    logged: 1,
  };
  const entry = { deployment_id: id, sequence: 1, at: now, event: "created", message: "Somebody deploys." } as const;
  const event =
    redeploy_of === null
      ? draft(deploymentEvents, "deployment.created", ref(deployment), about(deployment))
      : draft(deploymentEvents, "deployment.redeployed", ref(deployment), { ...about(deployment), redeploy_of });
  const inUse = { equals: { admin_state: "active", environment } };
  const writes: Write[] = [
    takeQuota(tenant, caller.organization.plan, "deployments"),
    tenant.writes.create(deploymentItem, deployment),
    tenant.writes.create(deploymentLogItem, entry),
    ...(await endpointWrites(tenant, gateway, deployment)),
    tenant.writes.update(
      slotItem,
      { gateway_id, target_id },
      { set: { gateway_id, target_id, starting_id: id } },
      { absent: ["starting_id"] },
      (old) =>
        new Problem("conflict", "Another deployment of this agent is on its way to this gateway.", {
          members: { state: "deploying", deployment_id: old?.starting_id ?? null },
        }),
    ),
    tenant.writes.update(gatewayUseItem, { gateway_id }, { set: { gateway_id }, add: { live: 1 } }, {}),
    tenant.writes.check(gatewayItem, { id: gateway_id }, inUse, (old) =>
      old === undefined ? badReference("gateway_id") : lostRace(),
    ),
    deploymentDue.set(tenant, id, at),
  ];
  return call.commit({ writes, events: [event] }, deployment);
}

export const list: Handler<Ops["list"], DeploymentDeps> = async (call, { table }) => {
  const tenant = table.of(call.context.tenant);
  const { agent_id: target_id, gateway_id, status, ...paging } = call.query;
  const filters = given({ target_id, gateway_id, status });
  const page = await tenant.page(deploymentItem, { newest_first: true, ...paging, ...narrowed(filters) });
  const fits = (one: StoredDeployment) =>
    (Object.keys(filters) as (keyof typeof filters)[]).every((name) => one[name] === filters[name]);
  return { items: page.items.filter(fits), next_cursor: page.next_cursor };
};

type Filters = Partial<Pick<StoredDeployment, "target_id" | "gateway_id" | "status">>;

/** The index with the fewest others beside those that are asked for. */
function narrowed({ target_id, gateway_id, status }: Filters) {
  if (status !== undefined && (gateway_id !== undefined || target_id === undefined))
    return { index: "gsi4", of: { status, ...given({ gateway_id }) } } as const;
  if (target_id !== undefined) return { index: "gsi2", of: { target_id } } as const;
  return gateway_id === undefined
    ? ({ index: "gsi1", of: {} } as const)
    : ({ index: "gsi3", of: { gateway_id } } as const);
}

export const get: Handler<Ops["get"], DeploymentDeps> = (call) => call.load();

export const listLogs: Handler<Ops["listLogs"], DeploymentDeps> = async (call, { table }) => {
  const { id: deployment_id } = await call.load();
  return table.of(call.context.tenant).page(deploymentLogItem, { of: { deployment_id }, ...call.query });
};

export const drift: Handler<Ops["drift"], DeploymentDeps> = async (call, deps) => {
  const { id, registration_id, digest, gateway_id, status } = await call.load();
  if (status !== "active" && status !== "stop_failed")
    throw deploymentStates.refusal(status, ["active", "stop_failed"]);
  const gateway = await deps.table.of(call.context.tenant).get(gatewayItem, { id: gateway_id });
  const served =
    gateway === undefined || registration_id === null
      ? ({ ok: false, code: "gateway_gone" } as const)
      : await describe(gateway, registration_id, deps);
  const served_digest = served.ok ? served.digest : null;
  return {
    deployment_id: id,
    checked_at: timestamp(deps.clock.now()),
    in_sync: status === "active" ? served.ok && served_digest === digest : served.ok && served_digest === null,
    recorded_digest: status === "active" ? digest : null,
    served_digest,
    error: served.ok ? null : failure(served.code),
  };
};

export const stop: Handler<Ops["stop"], DeploymentDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const tenant = table.of(call.context.tenant);
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    const { next, writes, events } = stopping(tenant, read, "requested", call.at);
    return call.commit({ writes, events }, next);
  });

/** The record goes at once; its log is cleared away when it comes due. */
export const remove: Handler<Ops["remove"], DeploymentDeps> = (call, { table }) =>
  updateWithRetry(call.if_match, async (how) => {
    const tenant = table.of(call.context.tenant);
    const read = await call.load(how);
    requireMatch(call.if_match, read.etag);
    const { id, status, etag } = read;
    if (includes(WORKED, status) || !deploymentStates.ends.includes(status))
      throw deploymentStates.refusal(status, deploymentStates.ends);
    return call.commit(
      {
        writes: [
          tenant.writes.remove(deploymentItem, { id }, { equals: { etag } }, (old) =>
            old === undefined ? notFound() : lostRace(),
          ),
          deploymentDue.set(tenant, id, call.at),
          giveQuota(tenant, "deployments"),
        ],
        events: [draft(deploymentEvents, "deployment.deleted", ref(read), about(read))],
      },
      undefined,
    );
  });
