import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { decimalInteger, pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { revisionNumber } from "../model.ts";
import { headResource } from "../resources.ts";

const path = z.object({ pipeline_id: idSchema("pipeline") });
const revision = decimalInteger({ min: 1 })
  .pipe(revisionNumber)
  .optional()
  .meta({ description: "Else the newest one." });

const bound = z
  .object({ at_most: z.int().nullable().meta({ description: "null where nothing bounds it." }) })
  .meta({ id: "EstimateBound" });
const spend = {
  model_calls: bound,
  tokens_in: bound,
  tokens_out: bound,
  cost_usd_micros: bound.meta({ description: "By the prices of now." }),
};
const reason = z.string().meta({ example: "Model scripted/small has no price." });
const known = z.object({ at_most: z.int() }).meta({ id: "EstimateKnownBound" });

const estimateView = z
  .object({
    pipeline_id: idSchema("pipeline"),
    revision: revisionNumber,
    graph_hash: z.string(),
    steps: known.meta({ description: "Steps of the run's totals: each node once, however many attempts it takes." }),
    ...spend,
    longest_path: z
      .object({
        node_ids: z.array(z.string()),
        seconds: known.meta({ description: "Of work and waits, without what the engine takes between." }),
      })
      .meta({ id: "EstimatePath" })
      .nullable()
      .meta({ description: "From the input, the way that takes longest; null in a graph with a cycle." }),
    unbounded: z
      .array(z.object({ node_id: z.string(), reason }).meta({ id: "EstimateUnbounded" }))
      .meta({ description: "Why something has no bound; at most 100 are told, the rest is in the list of nodes." }),
  })
  .meta({ id: "PipelineEstimate", description: "What a run comes to at most." });

const nodeEstimateView = z
  .object({
    node_id: z.string(),
    kind: z.string().meta({ example: "agent" }),
    attempts: known,
    seconds: known.meta({ description: "Of all attempts, the pauses between them and its waits." }),
    ...spend,
    unbounded: z.array(reason),
  })
  .meta({ id: "PipelineNodeEstimate", description: "What a node comes to at most in a run." });

const what =
  "Nothing is run for it, and no node is left out: of branches of which one is taken all count. A call to a model counts its whole window and its longest answer.";

export const estimateOperations = {
  estimate: operation({
    id: "pipelines.estimate",
    method: "GET",
    path: "/pipelines/{pipeline_id}/estimate",
    summary: "Estimate what a run comes to at most",
    description: what,
    permission: "pipelines:read",
    resource: headResource,
    request: { path, query: z.strictObject({ revision }) },
    response: estimateView,
    success: 200,
    errors: [],
  }),
  estimateNodes: operation({
    id: "pipelines.estimate_nodes",
    method: "GET",
    path: "/pipelines/{pipeline_id}/estimate/nodes",
    summary: "Estimate what each node comes to at most",
    description: what,
    permission: "pipelines:read",
    resource: headResource,
    request: { path, query: z.strictObject({ ...pageQuery, revision }) },
    response: pageOf(nodeEstimateView),
    success: 200,
    errors: [],
  }),
} as const;
