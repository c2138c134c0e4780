import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import {
  decimalInteger,
  descriptionSchema,
  nameSchema,
  pageOf,
  pageQuery,
  tagsSchema,
} from "../../../shared/http/schemas.ts";
import { newOwnerSchema } from "../../../shared/identity/owned.ts";
import { idSchema } from "../../../shared/ids.ts";
import { MOST_WORKSPACES } from "../../workspaces/public.ts";
import { nodeGroups } from "../graph/rules/kinds/kind.ts";
import { type NodeKindName, nodeKinds } from "../graph/rules/kinds.ts";
import { graphSchema } from "../graph/rules/nodes.ts";
import {
  concurrentRuns,
  patternInput,
  pipelineStatusSchema,
  pipelineView,
  revisionNumber,
  revisionView,
  validationSchema,
} from "../model.ts";
import { patternPartsSchema } from "../patterns/model.ts";
import { headResource, pipelineResource, revisionResource } from "../resources.ts";

const workspaceIds = z
  .array(idSchema("workspace"))
  .max(MOST_WORKSPACES)
  .refine((ids) => new Set(ids).size === ids.length, "must not name a workspace twice");

const path = z.object({ pipeline_id: idSchema("pipeline") });

const graph = graphSchema.nullable().meta({
  description:
    "Nodes by id, connections in their order; null when the graph is larger than 2 MB. Without `agents:read_prompts`, `{concealed}` stands for `system_prompt_override`; sent back, it keeps the stored text.",
});
const graph_url = z.string().nullable().meta({
  description:
    "Where a graph that is not inline can be fetched for five minutes; else null, also where you may not read a prompt in it: list its nodes then.",
});

const patternInfo = z
  .object({
    name: z.string(),
    aliases: z.array(z.string()),
    description: z.string(),
    min_agents: z.number().int(),
    max_agents: z.number().int(),
    needs: z.array(z.array(z.string())).meta({ description: "Of each list, at least one node of one of these kinds." }),
  })
  .meta({ id: "PipelinePattern", description: "An orchestration pattern." });

const described = {
  name: nameSchema,
  description: descriptionSchema.default(""),
  tags: tagsSchema.default([]),
  workspace_ids: workspaceIds.default([]),
  max_concurrent_runs: concurrentRuns.default(null),
};

const nodeKindInfo = z
  .object({
    kind: z.enum(Object.keys(nodeKinds) as [NodeKindName, ...NodeKindName[]]),
    summary: z.string(),
    group: z.enum(nodeGroups).meta({ description: "Where a palette shows it." }),
    icon: z.string().meta({ description: "By the names of Lucide.", example: "bot" }),
    receives: z.enum(["none", "one", "many"]).meta({ description: "How many connections lead into it." }),
    branches: z.boolean().meta({ description: "Whether connections that leave it may have a condition." }),
    secret_fields: z.array(z.string().meta({ example: "secret_headers" })).meta({
      description: "Of its config: encrypted, never shown again.",
    }),
    config_schema: z.record(z.string(), z.unknown()).meta({ description: "JSON Schema 2020-12 of its config." }),
    example: z.record(z.string(), z.unknown()).meta({ description: "A config that lacks nothing." }),
    cost: z
      .string()
      .meta({ description: "What one attempt of it costs.", example: "What its agent costs, once an attempt." }),
    limits: z
      .record(z.string(), z.number())
      .meta({ description: "The largest numbers that its config may hold, by name.", example: { branches: 100 } }),
    example_handles: z
      .array(z.string().meta({ example: "output" }))
      .meta({ description: "By which connections leave a node with that config." }),
  })
  .meta({ id: "PipelineNodeKind", description: "A kind of node." });

export const pipelineOperations = {
  listNodeKinds: operation({
    id: "pipelines.list_node_kinds",
    method: "GET",
    path: "/pipelines/node-kinds",
    summary: "List the kinds of nodes",
    description: "For the palette of a canvas: what each is called and configured by.",
    permission: "authenticated",
    request: {},
    response: pageOf(nodeKindInfo),
    success: 200,
    errors: [],
  }),
  listPatterns: operation({
    id: "pipelines.list_patterns",
    method: "GET",
    path: "/pipelines/patterns",
    summary: "List the orchestration patterns",
    permission: "authenticated",
    request: {},
    response: pageOf(patternInfo),
    success: 200,
    errors: [],
  }),
  list: operation({
    id: "pipelines.list",
    method: "GET",
    path: "/pipelines",
    summary: "List pipelines, newest first",
    description: "Without `status`, archived pipelines are left out.",
    permission: "pipelines:read",
    resource: { type: "pipeline", list: true },
    request: {
      query: z.strictObject({
        ...pageQuery,
        status: pipelineStatusSchema.optional(),
        workspace_id: idSchema("workspace").optional(),
      }),
    },
    response: pageOf(pipelineView),
    success: 200,
    errors: [],
  }),
  create: operation({
    id: "pipelines.create",
    method: "POST",
    path: "/pipelines",
    summary: "Create a pipeline",
    description: "It starts as a draft with an empty graph, revision 1.",
    permission: "pipelines:create",
    resource: { type: "pipeline", create: true },
    request: {
      body: z.strictObject({ ...described, pattern: patternInput }),
    },
    response: pipelineView,
    success: 201,
    errors: ["quota_exceeded", "reference_not_found"],
  }),
  createFromPattern: operation({
    id: "pipelines.create_from_pattern",
    method: "POST",
    path: "/pipelines/from-pattern",
    summary: "Create a pipeline with the graph of a pattern",
    description:
      "Drawn with your agents at the pattern's places, as a draft. The graph is an ordinary one: change it as you like.",
    permission: "pipelines:create",
    resource: { type: "pipeline", create: true },
    request: { body: z.strictObject({ ...described, pattern: patternPartsSchema }) },
    response: pipelineView,
    success: 201,
    errors: ["quota_exceeded", "reference_not_found"],
  }),
  get: operation({
    id: "pipelines.get",
    method: "GET",
    path: "/pipelines/{pipeline_id}",
    summary: "Read a pipeline with the newest revision of its graph",
    permission: "pipelines:read",
    besides: ["agents:read_prompts"],
    resource: headResource,
    request: { path },
    response: pipelineView.extend({ graph, graph_url }).meta({ id: "PipelineWithGraph" }),
    success: 200,
    errors: [],
  }),
  update: operation({
    id: "pipelines.update",
    method: "PATCH",
    path: "/pipelines/{pipeline_id}",
    summary: "Change a pipeline's settings",
    permission: "pipelines:update",
    resource: pipelineResource,
    request: {
      path,
      body: z
        .strictObject({
          name: nameSchema,
          description: descriptionSchema,
          pattern: patternInput,
          tags: tagsSchema,
          owner_id: newOwnerSchema,
          workspace_ids: workspaceIds,
          max_concurrent_runs: concurrentRuns,
        })
        .partial()
        .refine((body) => Object.keys(body).length > 0, "must change at least one field"),
    },
    response: pipelineView,
    success: 200,
    errors: ["precondition_failed", "conflict", "reference_not_found"],
  }),
  archive: operation({
    id: "pipelines.archive",
    method: "DELETE",
    path: "/pipelines/{pipeline_id}",
    summary: "Archive a pipeline",
    description:
      "It takes no new runs, gives its place in the plan back and releases its agents. `restore` brings it back until its `purge_at`; then it is erased with its revisions. Its runs are kept; those that wait for a place are stopped when they would have it.",
    permission: "pipelines:delete",
    resource: pipelineResource,
    request: { path },
    response: "none",
    success: 204,
    errors: ["precondition_failed", "conflict"],
  }),
  restore: operation({
    id: "pipelines.restore",
    method: "POST",
    path: "/pipelines/{pipeline_id}/restore",
    summary: "Make an archived pipeline a draft again",
    permission: "pipelines:update",
    resource: pipelineResource,
    request: { path },
    response: pipelineView,
    success: 200,
    errors: ["quota_exceeded", "conflict", "precondition_failed"],
  }),
  duplicate: operation({
    id: "pipelines.duplicate",
    method: "POST",
    path: "/pipelines/{pipeline_id}/duplicate",
    summary: "Copy a pipeline",
    description:
      'A draft of its own with the settings and the newest graph, named with "(copy)" unless a name is given. Encrypted header values are copied too. It needs `pipelines:read` besides.',
    permission: "pipelines:create",
    besides: ["pipelines:read"],
    resource: headResource,
    request: { path, body: z.strictObject({ name: nameSchema.optional() }) },
    response: pipelineView,
    success: 201,
    errors: ["quota_exceeded", "conflict"],
    location: "/pipelines/{id}",
  }),
  validate: operation({
    id: "pipelines.validate",
    method: "POST",
    path: "/pipelines/{pipeline_id}/validate",
    summary: "Check a pipeline's graph",
    description: "Changes nothing. Errors block activation and runs; warnings do not.",
    permission: "pipelines:read",
    resource: headResource,
    request: {
      path,
      body: z.strictObject({ revision: revisionNumber.optional().meta({ description: "Else the newest one." }) }),
    },
    response: validationSchema,
    success: 200,
    errors: ["reference_not_found"],
    rate_class: "read",
  }),
  activate: operation({
    id: "pipelines.activate",
    method: "POST",
    path: "/pipelines/{pipeline_id}/activate",
    summary: "Make a revision the one that new runs use",
    description:
      "The graph must be free of errors and its agents active. They cannot be archived while the pipeline is active. Runs that have started keep their revision.",
    permission: "pipelines:update",
    resource: headResource,
    request: {
      path,
      body: z.strictObject({ revision: revisionNumber.optional().meta({ description: "Else the newest one." }) }),
    },
    response: pipelineView,
    success: 200,
    errors: ["graph_invalid", "conflict", "precondition_failed", "reference_not_found"],
  }),
  deactivate: operation({
    id: "pipelines.deactivate",
    method: "POST",
    path: "/pipelines/{pipeline_id}/deactivate",
    summary: "Take no new runs",
    description:
      "The pipeline becomes a draft and releases its agents. Runs that have started go on; live ones that wait for a place are stopped when they would have it.",
    permission: "pipelines:update",
    resource: pipelineResource,
    request: { path },
    response: pipelineView,
    success: 200,
    errors: ["conflict", "precondition_failed"],
  }),
  listRevisions: operation({
    id: "pipelines.list_revisions",
    method: "GET",
    path: "/pipelines/{pipeline_id}/revisions",
    summary: "List a pipeline's revisions, newest first",
    permission: "pipelines:read",
    resource: pipelineResource,
    request: { path, query: z.strictObject(pageQuery) },
    response: pageOf(revisionView),
    success: 200,
    errors: [],
  }),
  getRevision: operation({
    id: "pipelines.get_revision",
    method: "GET",
    path: "/pipelines/{pipeline_id}/revisions/{revision}",
    summary: "Read a revision with its graph",
    permission: "pipelines:read",
    besides: ["agents:read_prompts"],
    resource: revisionResource,
    request: { path: path.extend({ revision: decimalInteger({ min: 1 }).pipe(revisionNumber) }) },
    response: revisionView.extend({ graph, graph_url }).meta({ id: "PipelineRevisionWithGraph" }),
    success: 200,
    errors: [],
  }),
} as const;
