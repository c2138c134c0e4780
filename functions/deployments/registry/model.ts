import * as z from "zod";
import { nameSchema, timestampSchema } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { defineStates } from "../../../shared/states.ts";
import { DIGEST, deploymentSchema, drainSeconds, failureSchema, logSchema, statuses } from "../model.ts";

export const deploymentStates = defineStates("deployment", statuses, [
  { from: [], to: "pending", why: "Somebody deploys." },
  {
    from: ["pending"],
    to: "deploying",
    why: "The work begins: what is deployed is put together, and the gateway is asked to serve it.",
  },
  { from: ["deploying"], to: "verifying", why: "The gateway has registered it." },
  {
    from: ["verifying"],
    to: "active",
    why: "The gateway serves exactly this: it takes the place of what was active there.",
  },
  {
    from: ["pending", "deploying"],
    to: "failed",
    why: "It could not be put together, or the gateway did not register it.",
  },
  {
    from: ["pending", "deploying", "verifying", "active", "stop_failed"],
    to: "stopping",
    why: "Somebody stops it, another one has taken its place, or it could not be verified.",
  },
  { from: ["stopping"], to: "stopped", why: "The gateway serves it no more." },
  { from: ["stopping"], to: "failed", why: "It could not be verified, and the gateway serves it no more." },
  {
    from: ["stopping"],
    to: "stop_failed",
    why: "The gateway could not be made to take it away: it may still serve it.",
  },
]);

export const deploymentView = deploymentSchema
  .omit({ etag: true, claimed_until: true, attempts: true })
  .meta({ id: "Deployment", description: "One version of a thing on one gateway." });

export const newDeployment = z.strictObject({
  name: nameSchema.optional().meta({ description: "Left out: the agent's." }),
  agent_id: idSchema("agent"),
  version: z.int().min(1).optional().meta({ description: "Left out: the version that is active." }),
  gateway_id: idSchema("gateway"),
  drain_seconds: drainSeconds.default(30),
});

export const logView = logSchema
  .omit({ deployment_id: true })
  .meta({ id: "DeploymentLog", description: "One thing that happened to a deployment." });

export const driftView = z
  .object({
    deployment_id: idSchema("deployment"),
    checked_at: timestampSchema,
    in_sync: z.boolean().meta({ description: "Whether the gateway serves exactly what is recorded." }),
    recorded_digest: z.string().nullable().meta({ example: DIGEST }),
    served_digest: z.string().nullable().meta({
      description: "Null where it serves nothing under this registration, or does not say what.",
      example: DIGEST,
    }),
    error: failureSchema.nullable().meta({ description: "Why it is not known what the gateway serves." }),
  })
  .meta({ id: "DeploymentDrift", description: "What a gateway serves, beside what is recorded." });
