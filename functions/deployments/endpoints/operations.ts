import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { idSchema } from "../../../shared/ids.ts";
import { deploymentResource } from "../resources.ts";
import { changedEndpoint, endpointView, madeKey, newKey } from "./model.ts";

const path = z.object({ deployment_id: idSchema("deployment") });

export const operations = {
  getEndpoint: operation({
    id: "deployments.get_endpoint",
    method: "GET",
    path: "/deployments/{deployment_id}/endpoint",
    summary: "Where a deployment on the built-in data plane is asked",
    description:
      "All deployments of an agent on a gateway have one endpoint: its address and its keys stay when another takes the place of this one.",
    permission: "deployments:read",
    resource: deploymentResource,
    request: { path },
    response: endpointView,
    success: 200,
    errors: ["conflict"],
  }),
  updateEndpoint: operation({
    id: "deployments.update_endpoint",
    method: "PATCH",
    path: "/deployments/{deployment_id}/endpoint",
    summary: "Change channels, origins and limits of an endpoint",
    description: "`in_sync` says whether the data plane knows it already, which it nearly always does with the answer.",
    permission: "deployments:update",
    resource: deploymentResource,
    request: { path, body: changedEndpoint },
    response: endpointView,
    success: 200,
    errors: ["conflict", "precondition_failed"],
  }),
  createKey: operation({
    id: "deployments.create_key",
    method: "POST",
    path: "/deployments/{deployment_id}/endpoint/keys",
    summary: "Make a key for an endpoint",
    description: "The key is shown once. It opens this endpoint and nothing else: no operation of this API takes it.",
    permission: "deployments:update",
    resource: deploymentResource,
    request: { path, body: newKey },
    response: madeKey,
    success: 201,
    errors: ["conflict"],
    sensitive: true,
  }),
  revokeKey: operation({
    id: "deployments.revoke_key",
    method: "DELETE",
    path: "/deployments/{deployment_id}/endpoint/keys/{key_id}",
    summary: "Withdraw a key of an endpoint",
    description:
      "With the answer the data plane refuses it. Where it cannot be told, the answer is 503, and it is told later by itself.",
    permission: "deployments:update",
    resource: deploymentResource,
    request: { path: path.extend({ key_id: idSchema("deployment_key") }) },
    response: "none",
    success: 204,
    errors: ["conflict"],
  }),
};
