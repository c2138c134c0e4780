import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { metadataSchema } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { agentResource } from "../../agents/resources.ts";
import { headResource } from "../../pipelines/resources.ts";
import { budgetInput } from "../../usage/runs/public.ts";
import { labelOperations } from "../labels/operations.ts";
import { labelsSchema, MAX_TIMEOUT_SECONDS, runModeSchema, runView } from "../model.ts";
import { runResource, wholeRunResource } from "../resources.ts";

const run = z.object({ run_id: idSchema("run") });

const start = {
  input: z.unknown().default({}).meta({ description: "Any JSON; checked against the input node's schema." }),
  mode: runModeSchema.default("live"),
  timeout_seconds: z.number().int().min(1).max(MAX_TIMEOUT_SECONDS).optional().meta({
    description:
      "The run is ended as timed out after this. Left out, it is an hour and as long as its graph may wait for times and decisions.",
  }),
  budget: budgetInput.nullable().optional(),
  metadata: metadataSchema.default({}),
  labels: labelsSchema.default([]),
};

/** Of a run that is repeated. */
const again = start.budget.meta({ description: "Left out: the budget of the run that is repeated; null: none." });

const onlyInTests = (field: string) => ({
  error: `${field} is for runs in mode test; live runs use what is active`,
  path: [field],
});

/** What the room's `api` function answers. */
export const apiOperations = {
  startPipeline: operation({
    id: "runs.start_pipeline",
    method: "POST",
    path: "/pipelines/{pipeline_id}/runs",
    summary: "Start a run of a pipeline",
    description:
      "Pins the active revision and the active versions of its agents, and answers at once. A test run may name a revision; without one it uses the newest.",
    permission: "pipelines:execute",
    resource: headResource,
    request: {
      path: z.object({ pipeline_id: idSchema("pipeline") }),
      body: z
        .strictObject({ ...start, revision: z.number().int().min(1).optional() })
        .refine(({ mode, revision }) => mode === "test" || revision === undefined, onlyInTests("revision")),
    },
    response: runView,
    success: 202,
    continues_trace: true,
    errors: ["conflict", "graph_invalid", "quota_exceeded"],
    location: "/runs/{id}",
  }),
  startAgent: operation({
    id: "runs.start_agent",
    method: "POST",
    path: "/agents/{agent_id}/runs",
    summary: "Start a run of an agent",
    description: "Pins the agent's active version. A test run may name a version.",
    permission: "agents:execute",
    resource: agentResource,
    request: {
      path: z.object({ agent_id: idSchema("agent") }),
      body: z
        .strictObject({ ...start, version: z.number().int().min(1).optional() })
        .refine(({ mode, version }) => mode === "test" || version === undefined, onlyInTests("version")),
    },
    response: runView,
    success: 202,
    continues_trace: true,
    errors: ["conflict", "quota_exceeded"],
    location: "/runs/{id}",
  }),
  // One path is one function's: it names the methods that the path takes.
  get: operation({
    id: "runs.get",
    method: "GET",
    path: "/runs/{run_id}",
    summary: "Read a run with its input and output",
    permission: "runs:read",
    resource: wholeRunResource,
    request: { path: run },
    response: runView,
    success: 200,
    errors: [],
  }),
  stop: operation({
    id: "runs.stop",
    method: "POST",
    path: "/runs/{run_id}/stop",
    summary: "Stop a run",
    description: "No further step begins. What is under way is finished, recorded and leads nowhere.",
    permission: "runs:stop",
    resource: wholeRunResource,
    request: { path: run },
    response: runView,
    success: 202,
    errors: ["conflict"],
    location: "/runs/{id}",
  }),
  rerun: operation({
    id: "runs.rerun",
    method: "POST",
    path: "/runs/{run_id}/rerun",
    summary: "Run again with something changed",
    description:
      "A test run with another input, revision or version of an agent; what is not named is as in the run. Outcomes of steps whose work is the same are taken over, without doing or paying them again: of two revisions only the changed steps and what follows from them are done. Compare the two with `GET /runs/{run_id}/comparison/{with_run_id}`.",
    permission: "pipelines:execute",
    besides: ["agents:execute"],
    resource: wholeRunResource,
    request: {
      path: run,
      body: z
        .strictObject({
          input: z.unknown().optional(),
          revision: z.int().min(1).optional(),
          agent_versions: z
            .record(idSchema("agent"), z.int().min(1))
            .optional()
            .meta({ description: "Version by agent, of agents whose version no node names itself." }),
          reuse: z.enum(["same_work", "nothing"]).default("same_work"),
          timeout_seconds: start.timeout_seconds,
          budget: again,
          metadata: metadataSchema.optional(),
          labels: labelsSchema.optional(),
        })
        .default({ reuse: "same_work" }),
    },
    response: runView,
    success: 202,
    continues_trace: true,
    errors: ["conflict", "graph_invalid", "quota_exceeded"],
    location: "/runs/{id}",
  }),
  retry: operation({
    id: "runs.retry",
    method: "POST",
    path: "/runs/{run_id}/retry",
    summary: "Run again with the same input and the same pinned revision and versions",
    description:
      "Only of a run that is over. From the failed step, what has succeeded is taken over and not done or paid again; what failed, was under way or came after that is done. A step that took over names the run in `recorded_run_id`. For a run of an agent the permission `agents:execute` is needed too.",
    permission: "pipelines:execute",
    besides: ["agents:execute"],
    resource: wholeRunResource,
    request: {
      path: run,
      body: z
        .strictObject({
          from: z
            .enum(["failed_step", "start"])
            .optional()
            .meta({ description: "Left out: from the failed step, of a completed run from the start." }),
          budget: again,
        })
        .default({}),
    },
    response: runView,
    success: 202,
    continues_trace: true,
    errors: ["conflict", "quota_exceeded"],
    location: "/runs/{id}",
  }),
  ...labelOperations,
  remove: operation({
    id: "runs.delete",
    method: "DELETE",
    path: "/runs/{run_id}",
    summary: "Delete a run with its steps and logs",
    description: "Only of a run that is over. Usage records are kept.",
    permission: "runs:delete",
    resource: runResource,
    request: { path: run },
    response: "none",
    success: 204,
    errors: ["conflict"],
  }),
} as const;
