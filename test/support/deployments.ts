import { DEFAULTS, type StoredEndpoint } from "../../functions/deployments/endpoints/model.ts";
import {
  deploymentItem,
  deploymentLogItem,
  endpointItem,
  type StoredDeployment,
  slotItem,
} from "../../functions/deployments/store.ts";
import { gatewayUseItem } from "../../functions/gateways/store.ts";
import { timestamp } from "../../shared/clock.ts";
import { newEtag, newId } from "../../shared/ids.ts";
import { takeQuota } from "../../shared/limits/quota.ts";
import { activeAgent } from "../e2e/runs/setup.ts";
import { createAgent } from "./agents.ts";
import { type Company, unique } from "./api.ts";
import { stackTable } from "./stack.ts";
import { did } from "./suites.ts";

/** A deployment as it is stored. */
export function deploymentNamed(organization_id: string, more: Partial<StoredDeployment> = {}): StoredDeployment {
  const at = new Date();
  const now = timestamp(at);
  return {
    id: newId("deployment", at),
    organization_id,
    name: "Support",
    kind: "agent",
    target_id: newId("agent", at),
    version: 1,
    gateway_id: newId("gateway", at),
    environment: "development",
    workspace_ids: [],
    status: "pending",
    digest: null,
    registration_id: null,
    endpoint_url: null,
    error: null,
    stop_reason: null,
    drain_seconds: 0,
    redeploy_of: null,
    replaces_id: null,
    created_by: "usr_1",
    created_at: now,
    deployed_at: null,
    stopped_at: null,
    updated_at: now,
    etag: newEtag(at),
    claimed_until: now,
    attempts: 0,
    deployed_by: { type: "user", id: "usr_1" },
    logged: 0,
    ...more,
  };
}

/** A deployment of an agent that has come to its end, with its log, on a gateway that is no more. */
export async function pastDeployment({ organization_id }: Company, target_id: string): Promise<StoredDeployment> {
  const deployment = deploymentNamed(organization_id, { target_id, status: "stopped", logged: 1 });
  const { id: deployment_id, created_at: at } = deployment;
  const table = stackTable().of(organization_id);
  await table.transact([
    table.writes.create(deploymentItem, deployment),
    table.writes.create(deploymentLogItem, {
      deployment_id,
      sequence: 1,
      at,
      event: "stopped",
      message: "It is gone.",
    }),
    takeQuota(table, "enterprise", "deployments"),
  ]);
  return deployment;
}

/** The endpoint of a deployment on the data plane, at which nothing answers. */
export const endpointOf = (deployment: StoredDeployment): StoredEndpoint => {
  const { organization_id, gateway_id, target_id, name, environment, created_at, etag } = deployment;
  const times = { created_at, updated_at: created_at, etag };
  const empty = { serves_id: null, keys: [], revision: 1, told_revision: 0 };
  return {
    ...DEFAULTS,
    allowed_origins: [],
    organization_id,
    gateway_id,
    target_id,
    name,
    environment,
    ...empty,
    ...times,
  };
};

/** A gateway that nobody answers at; checks find that out quickly. */
export const silentGateway = (company: Company, admin_state: "active" | "inactive") =>
  did(company, "POST", "/gateways", {
    name: unique("Gateway"),
    api_url: "http://127.0.0.1:9",
    api_key: "a-key-of-the-gateway",
    admin_state,
  });

/**
 * A deployment of a company, written straight into the table: one that has come to its end, or that is active, though no gateway has
 * ever heard of it. With `ready` it can be deployed again.
 */
export async function storedDeployment(
  company: Company,
  { status = "stopped", ready = false }: { readonly status?: "stopped" | "active"; readonly ready?: boolean } = {},
): Promise<StoredDeployment> {
  const admin_state = ready ? "active" : "inactive";
  const gateway = await did(company, "POST", "/gateways", { name: unique("Gateway"), kind: "built_in", admin_state });
  const target_id = ready ? await activeAgent(company, {}) : (await createAgent(company)).id;
  const { organization_id, user_id } = company;
  const gateway_id: string = gateway.id;
  const deployment = deploymentNamed(organization_id, {
    ...{ target_id, gateway_id, status, created_by: user_id },
    deployed_by: { type: "user", id: user_id },
  });
  const table = stackTable().of(organization_id);
  const { writes } = table;
  const active = status === "active";
  await table.transact([
    writes.create(deploymentItem, deployment),
    writes.create(endpointItem, endpointOf(deployment)),
    writes.put(gatewayUseItem, { gateway_id, live: active ? 1 : 0 }),
    ...(active ? [writes.put(slotItem, { gateway_id, target_id, active_id: deployment.id })] : []),
    takeQuota(table, "enterprise", "deployments"),
  ]);
  return deployment;
}
