import * as z from "zod";
import { operation } from "../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../shared/http/schemas.ts";
import { idSchema } from "../../shared/ids.ts";
import { headResource, pipelineResource } from "../pipelines/resources.ts";
import { optionsSchema, testResultView, testSummaryView, UNFINISHED } from "./model.ts";
import { testResource } from "./store.ts";

const pipeline = z.object({ pipeline_id: idSchema("pipeline") });
const test = z.object({ run_id: idSchema("run") });

const asked = {
  input: z.unknown().default({}).meta({ description: "Any JSON; checked against the input node's schema." }),
  options: optionsSchema.prefault({}),
};

const answersWith = {
  response: testResultView,
  success: 200,
  unfinished: UNFINISHED,
  location: "/test/executions/{id}",
  outside_effect: true,
} as const;

const HOW =
  "A test is a run in mode `test`. What the run comes to is the answer, a failure too; one that goes on after 25 seconds, or streams, is answered with 202 and found at its `Location`.";

export const operations = {
  testPipeline: operation({
    id: "panel.test_pipeline",
    method: "POST",
    path: "/test/pipelines/{pipeline_id}",
    summary: "Try a pipeline with an input",
    description: `Runs the newest revision, or the one that is named, whether it is active or not. ${HOW}`,
    permission: "pipelines:execute",
    resource: headResource,
    request: {
      path: pipeline,
      body: z.strictObject({ ...asked, revision: z.int().min(1).optional() }),
    },
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
