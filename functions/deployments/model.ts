import * as z from "zod";
import { descriptionSchema, environmentSchema, nameSchema, timestampSchema } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { failures } from "./rules/failures.ts";

export const statuses = [
  "pending",
  "deploying",
  "verifying",
  "active",
  "stopping",
  "failed",
  "stopped",
  "stop_failed",
] as const;
export const deploymentStatus = z.enum(statuses).meta({ id: "DeploymentStatus" });
export type DeploymentStatus = z.output<typeof deploymentStatus>;

/** It is on its way to being served. */
export const STARTING = ["pending", "deploying", "verifying"] as const satisfies readonly DeploymentStatus[];
/** Somebody works at it. */
export const WORKED = [...STARTING, "stopping"] as const satisfies readonly DeploymentStatus[];

export const includes = (some: readonly DeploymentStatus[], status: DeploymentStatus): boolean => some.includes(status);

export const DIGEST = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

const failureCode = z.enum(Object.keys(failures) as [keyof typeof failures, ...(keyof typeof failures)[]]);
export const failureSchema = z
  .object({ code: failureCode, message: z.string().meta({ example: failures.gateway_refused }) })
  .meta({
    id: "DeploymentFailure",
    description: "Why it failed, or could not be taken away. Never a text of the gateway's own.",
  });
export type DeploymentFailure = z.output<typeof failureSchema>;

const stopReason = z
  .enum(["requested", "superseded", "failed"])
  .meta({ id: "DeploymentStopReason", description: "`superseded`: another one has taken its place." });

export const drainSeconds = z.int().min(0).max(3_600).meta({
  description: "How long what it replaces is still served after it has become active, for whoever talks to it.",
  example: 30,
});

/** What is stored of a deployment. */
export const deploymentSchema = z.object({
  id: idSchema("deployment"),
  organization_id: z.string(),
  name: nameSchema,
  kind: z.enum(["agent"]).meta({ id: "DeploymentKind", description: "What is deployed." }),
  target_id: z.string().meta({ description: "The agent.", example: "agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC" }),
  version: z.int().min(1).meta({ description: "Its version, which never changes." }),
  gateway_id: idSchema("gateway"),
  environment: environmentSchema.meta({ description: "That of its gateway." }),
  workspace_ids: z
    .array(idSchema("workspace"))
    .meta({ description: "The workspaces that the agent was in when it was deployed." }),
  status: deploymentStatus,
  digest: z.string().nullable().meta({
    description:
      "`sha256:` of the canonical JSON (RFC 8785) of all that was deployed; null until it has been put together.",
    example: DIGEST,
  }),
  registration_id: z.string().nullable().meta({ description: "By which the gateway knows it.", example: "reg-1" }),
  endpoint_url: z.string().nullable().meta({
    description: "Where the gateway serves it; null while it does not.",
    example: "https://agents.example.com/api/v1/agents/reg-1",
  }),
  error: failureSchema.nullable(),
  stop_reason: stopReason.nullable(),
  drain_seconds: drainSeconds,
  redeploy_of: idSchema("deployment").nullable().meta({ description: "The deployment that it repeats." }),
  replaces_id: idSchema("deployment").nullable().meta({ description: "What it has taken the place of." }),
  created_by: z.string(),
  created_at: timestampSchema,
  deployed_at: timestampSchema.nullable(),
  stopped_at: timestampSchema.nullable(),
  updated_at: timestampSchema,
  etag: z.string(),
  /** Until then nobody begins to work at it: somebody does, or it is not time yet. */
  claimed_until: z.string(),
  /** Tries of the present step. */
  attempts: z.int(),
});
export type Deployment = z.output<typeof deploymentSchema>;

export const logEvents = [
  "created",
  "building",
  "registering",
  "registered",
  "active",
  "retrying",
  "stopping",
  "stopped",
  "stop_failed",
  "failed",
] as const;
export const logSchema = z.object({
  deployment_id: idSchema("deployment"),
  sequence: z.int().min(1),
  at: timestampSchema,
  event: z.enum(logEvents).meta({ id: "DeploymentLogEvent" }),
  message: descriptionSchema.meta({ example: "The gateway has registered it." }),
});
