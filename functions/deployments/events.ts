import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";
import { environmentSchema } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import type { Deployment } from "./model.ts";

const deployment = z.object({
  deployment_id: z.string(),
  kind: z.string(),
  target_id: z.string(),
  version: z.int(),
  gateway_id: z.string(),
  environment: environmentSchema,
  digest: z.string().nullable(),
});
const replacing = deployment.extend({ replaces_id: z.string().nullable() });
const failing = deployment.extend({ error_code: z.string() });

const endpoint = z.object({
  deployment_id: idSchema("deployment"),
  target_id: z.string(),
  gateway_id: idSchema("gateway"),
  environment: environmentSchema,
});
const key = endpoint.extend({ key_id: idSchema("deployment_key"), name: z.string() });

export const deploymentEvents = defineEvents({
  "deployment.created": { summary: "Somebody deploys.", resource: "deployment", data: deployment },
  "deployment.redeployed": {
    summary: "Somebody deploys again what had been deployed.",
    resource: "deployment",
    data: deployment.extend({ redeploy_of: z.string() }),
  },
  "deployment.deploying": { summary: "A gateway is asked to serve it.", resource: "deployment", data: deployment },
  "deployment.active": {
    summary: "A gateway serves it, in the place of what it had served.",
    resource: "deployment",
    data: replacing,
  },
  "deployment.failed": { summary: "It could not be deployed.", resource: "deployment", data: failing },
  "deployment.stopping": {
    summary: "It is being taken away from its gateway.",
    resource: "deployment",
    data: deployment.extend({ stop_reason: z.string() }),
  },
  "deployment.stopped": { summary: "Its gateway serves it no more.", resource: "deployment", data: deployment },
  "deployment.stop_failed": {
    summary: "Its gateway could not be made to take it away, and may still serve it.",
    resource: "deployment",
    data: failing,
  },
  "deployment.endpoint_updated": {
    summary: "Channels, origins or limits of an endpoint of the built-in data plane were changed.",
    resource: "deployment",
    data: endpoint.extend({ changed_fields: z.array(z.string()) }),
  },
  "deployment.key_created": {
    summary: "A key was made by which an endpoint of the built-in data plane is asked.",
    resource: "deployment",
    data: key,
  },
  "deployment.key_revoked": {
    summary: "A key of an endpoint of the built-in data plane was withdrawn.",
    resource: "deployment",
    data: key,
  },
  "deployment.deleted": {
    summary: "The record of a deployment was deleted.",
    resource: "deployment",
    data: deployment,
  },
});

/** What every event of a deployment says of it. */
export const about = ({ id, kind, target_id, version, gateway_id, environment, digest }: Deployment) => ({
  deployment_id: id,
  kind,
  target_id,
  version,
  gateway_id,
  environment,
  digest,
});
export const ref = ({ id, name }: Deployment) => ({ id, name });
