import type { Resource, Target } from "../../../shared/http/resource.ts";
import { idPrefixes } from "../../../shared/ids.ts";
import { agentResource } from "../../agents/resources.ts";
import { apiKeyResource } from "../../api-keys/public.ts";
import { deploymentResource } from "../../deployments/public.ts";
import { gatewayResource } from "../../gateways/public.ts";
import { pipelineResource } from "../../pipelines/resources.ts";
import { runResource } from "../../runs/resources.ts";
import { scheduleResource } from "../../schedules/public.ts";
import { teamResource } from "../../teams/public.ts";
import { webhookResource } from "../../webhooks/public.ts";
import { workspaceResource } from "../../workspaces/public.ts";

/** Types of things that policies look at, and what lets one read them. */
const loadable = [
  { prefix: idPrefixes.agent, resource: agentResource as Resource, name: "agent_id", permission: "agents:read" },
  {
    prefix: idPrefixes.pipeline,
    resource: pipelineResource as Resource,
    name: "pipeline_id",
    permission: "pipelines:read",
  },
  {
    prefix: idPrefixes.workspace,
    resource: workspaceResource as Resource,
    name: "workspace_id",
    permission: "workspaces:read",
  },
  {
    prefix: idPrefixes.gateway,
    resource: gatewayResource as Resource,
    name: "gateway_id",
    permission: "gateways:read",
  },
  {
    prefix: idPrefixes.deployment,
    resource: deploymentResource as Resource,
    name: "deployment_id",
    permission: "deployments:read",
  },
  {
    prefix: idPrefixes.webhook,
    resource: webhookResource as Resource,
    name: "webhook_id",
    permission: "webhooks:read",
  },
  {
    prefix: idPrefixes.schedule,
    resource: scheduleResource as Resource,
    name: "schedule_id",
    permission: "pipelines:read",
  },
  { prefix: idPrefixes.api_key, resource: apiKeyResource as Resource, name: "api_key_id", permission: "api_keys:read" },
  { prefix: idPrefixes.team, resource: teamResource as Resource, name: "team_id", permission: "teams:read" },
  { prefix: idPrefixes.run, resource: runResource as Resource, name: "run_id", permission: "runs:read" },
] as const;

export const readsThings = [
  "agents:read",
  "pipelines:read",
  "workspaces:read",
  "gateways:read",
  "deployments:read",
  "webhooks:read",
  "api_keys:read",
  "teams:read",
  "runs:read",
] as const;

/** A thing to be looked up, and what lets one read it. */
export interface Loadable extends Target {
  readonly permission: (typeof readsThings)[number];
}

/** The thing of this id, as a path would name it; undefined where it is of no type that policies look at. */
export function loadableOf(id: unknown): Loadable | undefined {
  if (typeof id !== "string") return undefined;
  const found = loadable.find(({ prefix }) => id.startsWith(`${prefix}_`));
  return found && { resource: found.resource, path: { [found.name]: id }, permission: found.permission };
}
