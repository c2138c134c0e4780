import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { agentResource, wholeAgentResource } from "../agents/resources.ts";
import { graphSchema, localId } from "../pipelines/graph/public.ts";
import { headResource, pipelineResource } from "../pipelines/resources.ts";
import { faultSchema } from "../runs/model.ts";
import {
  cassetteChoice,
  MOST_FAULTS,
  optionsSchema,
  overridesSchema,
  testResultView,
  testSummaryView,
  UNFINISHED,
} from "./model.ts";
import { testResource } from "./store.ts";

const agent = z.object({ agent_id: idSchema("agent") });
const pipeline = z.object({ pipeline_id: idSchema("pipeline") });
const test = z.object({ run_id: idSchema("run") });

const input = z.unknown().meta({ description: "Any JSON; checked against the input node's schema." });

const asked = {
  options: optionsSchema.prefault({}),
  faults: z
    .record(localId, faultSchema)
    .refine((faults) => Object.keys(faults).length <= MOST_FAULTS, `must name at most ${MOST_FAULTS} nodes`)
    .default({})
    .meta({
      description:
        "By node: what its calls to a model, or its request, meet in place of an answer, so that retries, fallbacks and error edges are tried.",
    }),
  cassette: cassetteChoice.optional(),
  as_user: idSchema("user").optional().meta({
    description:
      "Asks whether this member could start it, too: it is refused where either of you may not, and the answer says for which permission. It needs `users:read` besides.",
  }),
};

const revision = z.int().min(1).optional().meta({ description: "Left out, the newest." });
const graph = graphSchema.optional().meta({
  description:
    "A graph that is no revision: it is checked like one, run for this test and kept with it only. It needs `pipelines:update` besides.",
});
const drawn = { revision, graph };
const oneGraph = ({ revision, graph }: { revision?: unknown; graph?: unknown }) =>
  revision === undefined || graph === undefined;
const notBoth = { error: "is not taken with a revision", path: ["graph"] };

const answersWith = {
  response: testResultView,
  success: 200,
  unfinished: UNFINISHED,
  location: "/test/executions/{id}",
  outside_effect: true,
} as const;

const HOW =
  "A test is a run in mode `test`. What the run comes to is the answer, a failure too; one that goes on after 25 seconds, streams, or finds none of the plan's `streams` free to wait with, is answered with 202 and found at its `Location`.";

export const operations = {
  testAgent: operation({
    id: "panel.test_agent",
    method: "POST",
    path: "/test/agents/{agent_id}",
    summary: "Try an agent with an input",
    description: `Runs its working copy, active or not, or the version that is named. Its one node is called \`agent\`. ${HOW}`,
    permission: "agents:execute",
    besides: ["agents:update", "runs:read", "users:read"],
    resource: wholeAgentResource,
    request: {
      path: agent,
      body: z.strictObject({
        input: input.default({}),
        ...asked,
        version: z.int().min(1).optional(),
        overrides: overridesSchema.optional().meta({
          description: "Replaces fields of the definition for this test only. It needs `agents:update` besides.",
        }),
      }),
    },
    continues_trace: true,
    errors: ["conflict", "quota_exceeded", "reference_not_found", "unknown_model"],
    ...answersWith,
  }),
  listAgentTests: operation({
    id: "panel.list_agent_tests",
    method: "GET",
    path: "/test/agents/{agent_id}/history",
    summary: "List the tests of an agent, newest first",
    description: "All its runs in mode test; not those of pipelines that it took part in.",
    permission: "runs:read",
    resource: agentResource,
    lists: "run",
    request: { path: agent, query: z.strictObject(pageQuery) },
    response: pageOf(testSummaryView),
    success: 200,
    errors: [],
  }),
  testNode: operation({
    id: "panel.test_node",
    method: "POST",
    path: "/test/pipelines/{pipeline_id}/nodes/{node_id}",
    summary: "Try one node of a pipeline",
    description: `Works the node alone, by what the nodes before it, and those that it reads, have come to: in the run that is named, in that of a test case, or as it is given. What is found wrong elsewhere in the graph does not matter. ${HOW}`,
    permission: "pipelines:execute",
    besides: ["pipelines:read", "pipelines:update", "runs:read", "users:read"],
    resource: headResource,
    request: {
      path: pipeline.extend({ node_id: localId }),
      body: z
        .strictObject({
          input: input
            .optional()
            .meta({ description: "The run's input. Left out, that of the run or case that is named, or {}." }),
          ...asked,
          ...drawn,
          run_id: idSchema("run").optional().meta({
            description: "A run of this pipeline, from which what comes to the node is taken.",
          }),
          case: z
            .strictObject({ suite_id: idSchema("suite"), case_id: idSchema("suite_case") })
            .optional()
            .meta({
              id: "TestedCase",
              description:
                "A test case of this pipeline: its input, and what comes to the node from the run whose outcomes it uses, else the one that it was made from. It needs `pipelines:read` besides.",
            }),
          upstream: z
            .record(localId, z.unknown())
            .default({})
            .meta({ description: "Outputs by node; they go before those of the run." }),
        })
        .refine(oneGraph, notBoth)
        .refine((body) => body.run_id === undefined || body.case === undefined, {
          error: "is not taken with a run",
          path: ["case"],
        }),
    },
    contents_apart: true,
    continues_trace: true,
    errors: ["conflict", "graph_invalid", "quota_exceeded", "reference_not_found"],
    ...answersWith,
  }),
  testPipeline: operation({
    id: "panel.test_pipeline",
    method: "POST",
    path: "/test/pipelines/{pipeline_id}",
    summary: "Try a pipeline with an input",
    description: `Runs the newest revision, or the one that is named, whether it is active or not. ${HOW}`,
    permission: "pipelines:execute",
    besides: ["pipelines:update", "runs:read", "users:read"],
    resource: headResource,
    request: {
      path: pipeline,
      body: z.strictObject({ input: input.default({}), ...asked, ...drawn }).refine(oneGraph, notBoth),
    },
    contents_apart: true,
    continues_trace: true,
    errors: ["conflict", "graph_invalid", "quota_exceeded"],
    ...answersWith,
  }),
  listPipelineTests: operation({
    id: "panel.list_pipeline_tests",
    method: "GET",
    path: "/test/pipelines/{pipeline_id}/history",
    summary: "List the tests of a pipeline, newest first",
    description: "All its runs in mode test that are within none: tests of its nodes, and what was run again, too.",
    permission: "runs:read",
    resource: pipelineResource,
    lists: "run",
    request: { path: pipeline, query: z.strictObject(pageQuery) },
    response: pageOf(testSummaryView),
    success: 200,
    errors: [],
  }),
  getTest: operation({
    id: "panel.get_test",
    method: "GET",
    path: "/test/executions/{run_id}",
    summary: "Read a test with what it has come to",
    description: "Any run in mode test.",
    permission: "runs:read",
    resource: testResource,
    request: { path: test },
    response: testResultView,
    success: 200,
    errors: [],
  }),
  removeTest: operation({
    id: "panel.delete_test",
    method: "DELETE",
    path: "/test/executions/{run_id}",
    summary: "Delete a test with its steps and logs",
    description: "Only of one that is over. Usage records are kept.",
    permission: "runs:delete",
    resource: testResource,
    request: { path: test },
    response: "none",
    success: 204,
    errors: ["conflict"],
  }),
} as const;
