import * as z from "zod";
import { DOWNLOAD_SECONDS } from "../../../shared/blobs/purposes.ts";
import { operation } from "../../../shared/http/operation.ts";
import { decimalInteger, pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { comparisonOperations } from "../comparison/operations.ts";
import { after } from "../log/operations.ts";
import { logView, outputView, stepView } from "../model.ts";
import { runResource, stepResource, wholeRunResource } from "../resources.ts";
import { searchOperations } from "../search/operations.ts";
import { timelineOperations } from "../timeline/operations.ts";
import { tracingOperations } from "../tracing/operations.ts";

const run = z.object({ run_id: idSchema("run") });

const attempt = run.extend({ node_id: z.string().min(1).max(64), attempt: decimalInteger({ min: 1, max: 999 }) });

const byAddress = `A small one stands in \`output\`. A larger one is fetched by \`download.url\`, as JSON, without a token: whoever has the address can fetch it until \`expires_at\`, ${DOWNLOAD_SECONDS / 60} minutes later.`;

export const readingOperations = {
  listSteps: operation({
    id: "runs.list_steps",
    method: "GET",
    path: "/runs/{run_id}/steps",
    summary: "List the steps of a run",
    description: "One item for each attempt, by node. Steps that have not begun are not listed.",
    permission: "runs:read",
    resource: runResource,
    request: { path: run, query: z.strictObject({ ...pageQuery, node_id: z.string().min(1).max(64).optional() }) },
    response: pageOf(stepView),
    success: 200,
    served_by: "reads",
    errors: [],
  }),
  getStep: operation({
    id: "runs.get_step",
    method: "GET",
    path: "/runs/{run_id}/steps/{node_id}/{attempt}",
    summary: "Read one attempt of a step with its whole output",
    permission: "runs:read",
    resource: stepResource,
    request: { path: attempt },
    response: stepView,
    success: 200,
    served_by: "reads",
    errors: [],
  }),
  getOutput: operation({
    id: "runs.get_output",
    method: "GET",
    path: "/runs/{run_id}/output",
    summary: "Read the output of a run, or where to fetch it",
    description: byAddress,
    permission: "runs:read",
    resource: wholeRunResource,
    request: { path: run },
    response: outputView,
    success: 200,
    served_by: "reads",
    errors: ["conflict"],
  }),
  getStepOutput: operation({
    id: "runs.get_step_output",
    method: "GET",
    path: "/runs/{run_id}/steps/{node_id}/{attempt}/output",
    summary: "Read the output of one attempt of a step, or where to fetch it",
    description: byAddress,
    permission: "runs:read",
    resource: stepResource,
    request: { path: attempt },
    response: outputView,
    success: 200,
    served_by: "reads",
    errors: ["conflict"],
  }),
  listLogs: operation({
    id: "runs.list_logs",
    method: "GET",
    path: "/runs/{run_id}/logs",
    summary: "List what happened in a run, in order",
    description:
      "Numbered without gaps. To follow a run, ask again with `after` set to the last sequence that you have; `/events` is the same as a stream.",
    permission: "runs:read",
    resource: runResource,
    request: { path: run, query: z.strictObject({ ...pageQuery, after }) },
    response: pageOf(logView),
    success: 200,
    served_by: "reads",
    errors: [],
  }),
} as const;

/** What the room's `reads` function answers: it can start and end nothing. */
export const readOperations = {
  ...searchOperations,
  ...readingOperations,
  ...timelineOperations,
  ...comparisonOperations,
  ...tracingOperations,
} as const;
