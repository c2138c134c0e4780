import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { operations as endpoints } from "./endpoints/operations.ts";
import { deploymentStatus, drainSeconds } from "./model.ts";
import { deploymentView, driftView, logView, newDeployment } from "./registry/model.ts";
import { deploymentResource, madeOf, ofAgent } from "./resources.ts";

const path = z.object({ deployment_id: idSchema("deployment") });

export const operations = {
  create: operation({
    id: "deployments.create",
    method: "POST",
    path: "/deployments",
    summary: "Deploy a version of an agent to a gateway",
    description:
      "The version never changes, and neither does what is deployed. The gateway registers it, says what it serves, and once that is exactly what was sent it takes the place of what is active of the agent there, without a gap. Read it, or hear `deployment.active` and `deployment.failed`, to see what has come of it. Of one agent one deployment at a time is on its way to a gateway. Needs `agents:deploy`, too.",
    permission: "deployments:create",
    besides: ["agents:deploy"],
    resource: {
      type: "deployment",
      create: true,
      target: (body: { readonly agent_id?: unknown }) =>
        typeof body.agent_id === "string" ? ofAgent({ target_id: body.agent_id }) : undefined,
      made: madeOf,
    },
    request: { body: newDeployment },
    response: deploymentView,
    success: 202,
    location: "/deployments/{id}",
    errors: ["conflict", "quota_exceeded", "reference_not_found"],
  }),
  list: operation({
    id: "deployments.list",
    method: "GET",
    path: "/deployments",
    summary: "List deployments, newest first",
    description:
      "Filters narrow each other. With a `status`, those of one gateway come after those of another. A page may be short, even empty, while it has a `next_cursor`.",
    permission: "deployments:read",
    resource: { type: "deployment", list: true },
    request: {
      query: z.strictObject({
        ...pageQuery,
        agent_id: idSchema("agent").optional(),
        gateway_id: idSchema("gateway").optional(),
        status: deploymentStatus.optional(),
      }),
    },
    response: pageOf(deploymentView),
    success: 200,
    errors: [],
  }),
  get: operation({
    id: "deployments.get",
    method: "GET",
    path: "/deployments/{deployment_id}",
    summary: "Read a deployment",
    permission: "deployments:read",
    resource: deploymentResource,
    request: { path },
    response: deploymentView,
    success: 200,
    errors: [],
  }),
  listLogs: operation({
    id: "deployments.list_logs",
    method: "GET",
    path: "/deployments/{deployment_id}/logs",
    summary: "What happened to a deployment, in order",
    permission: "deployments:read",
    resource: deploymentResource,
    request: { path, query: z.strictObject(pageQuery) },
    response: pageOf(logView),
    success: 200,
    errors: [],
  }),
  drift: operation({
    id: "deployments.drift",
    method: "GET",
    path: "/deployments/{deployment_id}/drift",
    summary: "Compare what the gateway serves with what is recorded",
    description: "The gateway is asked now, within 30 seconds at most. Nothing is changed.",
    permission: "deployments:read",
    resource: deploymentResource,
    request: { path },
    response: driftView,
    success: 200,
    errors: ["conflict"],
    rate_class: "execute",
  }),
  stop: operation({
    id: "deployments.stop",
    method: "POST",
    path: "/deployments/{deployment_id}/stop",
    summary: "Take a deployment away from its gateway",
    description:
      "Also one that is on its way, and, once more, one that could not be taken away (`stop_failed`). It is `stopped` when the gateway has said so.",
    permission: "deployments:stop",
    resource: deploymentResource,
    request: { path },
    response: deploymentView,
    success: 202,
    location: "/deployments/{id}",
    errors: ["conflict", "precondition_failed"],
  }),
  redeploy: operation({
    id: "deployments.redeploy",
    method: "POST",
    path: "/deployments/{deployment_id}/redeploy",
    summary: "Deploy again what was deployed",
    description:
      "The same version to the same gateway, as a deployment of its own; what is active there is served until this one is. Of an earlier one it is the way back.",
    permission: "deployments:create",
    besides: ["agents:deploy"],
    resource: deploymentResource,
    request: { path, body: z.strictObject({ drain_seconds: drainSeconds.optional() }) },
    response: deploymentView,
    success: 202,
    location: "/deployments/{id}",
    errors: ["conflict", "quota_exceeded"],
  }),
  remove: operation({
    id: "deployments.delete",
    method: "DELETE",
    path: "/deployments/{deployment_id}",
    summary: "Delete the record of a deployment that has come to its end",
    description: "Its log goes within two minutes. What the audit log says of it stays.",
    permission: "deployments:delete",
    resource: deploymentResource,
    request: { path },
    response: "none",
    success: 204,
    errors: ["conflict", "precondition_failed"],
  }),
  ...endpoints,
} as const;
