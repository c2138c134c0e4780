import * as z from "zod";
import { operation } from "../../../shared/http/operation.ts";
import { pageOf, pageQuery } from "../../../shared/http/schemas.ts";
import { idSchema } from "../../../shared/ids.ts";
import { MAX_GRAPH_BYTES, pipelineView, revisionNumber, validationSchema } from "../model.ts";
import { headResource, pipelineResource } from "../resources.ts";
import { localId } from "./rules/kinds/kind.ts";
import { connectionSchema, graphSchema, nodeSchema } from "./rules/nodes.ts";

const path = z.object({ pipeline_id: idSchema("pipeline") });
const nodePath = path.extend({ node_id: localId });
const connectionPath = path.extend({ connection_id: localId });

const expected_revision = revisionNumber
  .optional()
  .meta({ description: "Refused with 409 when the newest revision is another one." });

/** What every change of a graph answers with beside the thing itself. */
const saved = {
  revision: revisionNumber.meta({ description: "The newest revision; the same as before when nothing changed." }),
  graph_hash: z.string(),
  validation: validationSchema,
};

const unique = (list: readonly { readonly id: string }[] | undefined): string | undefined => {
  const seen = new Set<string>();
  for (const { id } of list ?? []) if (seen.size === seen.add(id).size) return id;
  return undefined;
};

const graphBody = z
  .strictObject({
    nodes: graphSchema.shape.nodes.optional(),
    connections: graphSchema.shape.connections.optional(),
    upload_id: idSchema("upload")
      .optional()
      .meta({ description: "In place of nodes and connections: a graph that was uploaded." }),
    expected_revision,
  })
  .superRefine((body, context) => {
    const inline = body.nodes !== undefined && body.connections !== undefined;
    if (body.upload_id === undefined && !inline)
      context.addIssue({ code: "custom", message: "must have `nodes` and `connections`, or `upload_id`" });
    if (body.upload_id !== undefined && (body.nodes !== undefined || body.connections !== undefined))
      context.addIssue({ code: "custom", message: "takes `upload_id` only without `nodes` and `connections`" });
    for (const field of ["nodes", "connections"] as const) {
      const twice = unique(body[field]);
      if (twice !== undefined)
        context.addIssue({ code: "custom", path: [field], message: `has the id ${JSON.stringify(twice)} twice` });
    }
  });

const nodeBody = z
  .strictObject({
    label: z.string(),
    config: z
      .record(z.string(), z.unknown())
      .meta({ description: "Fields that are given replace those of the node; null removes a field." }),
  })
  .partial()
  .refine((body) => Object.keys(body).length > 0, "must change at least one field");

const connectionBody = z
  .strictObject({
    source: localId,
    source_handle: localId.nullable(),
    target: localId,
    target_handle: localId.nullable(),
    label: z.string().nullable(),
    condition: connectionSchema.shape.condition.unwrap().nullable(),
  })
  .partial()
  .refine((body) => Object.keys(body).length > 0, "must change at least one field");

const lost = ["precondition_failed", "conflict", "payload_too_large"] as const;

export const graphOperations = {
  replaceGraph: operation({
    id: "pipelines.replace_graph",
    method: "PUT",
    path: "/pipelines/{pipeline_id}/graph",
    summary: "Replace the whole graph",
    description:
      "Writes a new immutable revision and moves the pointer to it, all or nothing; the same graph makes no new revision. A draft may have errors: the answer lists them. A secret header value is answered as `{stored:…}`; sending that back keeps the value.",
    permission: "pipelines:update",
    resource: headResource,
    request: { path, body: graphBody },
    contents_apart: true,
    response: pipelineView.extend({ validation: validationSchema }).meta({ id: "PipelineSaved" }),
    success: 200,
    errors: [...lost, "reference_not_found", "upload_incomplete"],
  }),
  createGraphUpload: operation({
    id: "pipelines.create_graph_upload",
    method: "POST",
    path: "/pipelines/{pipeline_id}/graph/uploads",
    summary: "Get an address to upload a large graph to",
    description:
      "PUT a JSON document `{nodes, connections}` of exactly this size to the address within an hour, with the headers of the answer; then replace the graph by `upload_id`.",
    permission: "pipelines:update",
    resource: pipelineResource,
    request: { path, body: z.strictObject({ bytes: z.number().int().min(2).max(MAX_GRAPH_BYTES) }) },
    response: z
      .object({
        id: idSchema("upload"),
        pipeline_id: idSchema("pipeline"),
        method: z.literal("PUT"),
        url: z.string(),
        headers: z.record(z.string(), z.string()),
        expires_at: z.string(),
      })
      .meta({ id: "GraphUpload", description: "Where and how to upload a graph." }),
    success: 201,
    errors: ["conflict", "quota_exceeded"],
    location: "/pipelines/{pipeline_id}",
    sensitive: true,
  }),
  listNodes: operation({
    id: "pipelines.list_nodes",
    method: "GET",
    path: "/pipelines/{pipeline_id}/nodes",
    summary: "List the nodes of the newest revision",
    description: "All pages of one list are of one revision, even when the graph is changed in between.",
    permission: "pipelines:read",
    besides: ["agents:read_prompts"],
    resource: headResource,
    request: { path, query: z.strictObject(pageQuery) },
    response: pageOf(nodeSchema),
    success: 200,
    errors: [],
  }),
  createNode: operation({
    id: "pipelines.create_node",
    method: "POST",
    path: "/pipelines/{pipeline_id}/nodes",
    summary: "Add a node",
    description: "You choose the id; it is unique only inside this graph. Where it is drawn is told to the layout.",
    permission: "pipelines:update",
    besides: ["agents:read_prompts"],
    resource: headResource,
    request: { path, body: nodeSchema },
    contents_apart: true,
    response: z.object({ node: nodeSchema, ...saved }),
    success: 201,
    errors: [...lost, "already_exists"],
  }),
  getNode: operation({
    id: "pipelines.get_node",
    method: "GET",
    path: "/pipelines/{pipeline_id}/nodes/{node_id}",
    summary: "Read a node of the newest revision",
    permission: "pipelines:read",
    besides: ["agents:read_prompts"],
    resource: headResource,
    request: { path: nodePath },
    response: nodeSchema,
    success: 200,
    errors: [],
  }),
  updateNode: operation({
    id: "pipelines.update_node",
    method: "PATCH",
    path: "/pipelines/{pipeline_id}/nodes/{node_id}",
    summary: "Change a node",
    permission: "pipelines:update",
    besides: ["agents:read_prompts"],
    resource: headResource,
    request: { path: nodePath, body: nodeBody },
    contents_apart: true,
    response: z.object({ node: nodeSchema, ...saved }),
    success: 200,
    errors: lost,
  }),
  deleteNode: operation({
    id: "pipelines.delete_node",
    method: "DELETE",
    path: "/pipelines/{pipeline_id}/nodes/{node_id}",
    summary: "Remove a node and every connection at it",
    permission: "pipelines:update",
    resource: headResource,
    request: { path: nodePath },
    response: "none",
    success: 204,
    errors: lost,
  }),
  listConnections: operation({
    id: "pipelines.list_connections",
    method: "GET",
    path: "/pipelines/{pipeline_id}/connections",
    summary: "List the connections of the newest revision",
    description: "All pages of one list are of one revision, even when the graph is changed in between.",
    permission: "pipelines:read",
    resource: headResource,
    request: { path, query: z.strictObject(pageQuery) },
    response: pageOf(connectionSchema),
    success: 200,
    errors: [],
  }),
  createConnection: operation({
    id: "pipelines.create_connection",
    method: "POST",
    path: "/pipelines/{pipeline_id}/connections",
    summary: "Add a connection",
    permission: "pipelines:update",
    resource: headResource,
    request: { path, body: connectionSchema },
    contents_apart: true,
    response: z.object({ connection: connectionSchema, ...saved }),
    success: 201,
    errors: [...lost, "already_exists", "reference_not_found"],
  }),
  getConnection: operation({
    id: "pipelines.get_connection",
    method: "GET",
    path: "/pipelines/{pipeline_id}/connections/{connection_id}",
    summary: "Read a connection of the newest revision",
    permission: "pipelines:read",
    resource: headResource,
    request: { path: connectionPath },
    response: connectionSchema,
    success: 200,
    errors: [],
  }),
  updateConnection: operation({
    id: "pipelines.update_connection",
    method: "PATCH",
    path: "/pipelines/{pipeline_id}/connections/{connection_id}",
    summary: "Change a connection",
    description: "Fields that are given replace those of the connection; null removes a field.",
    permission: "pipelines:update",
    resource: headResource,
    request: { path: connectionPath, body: connectionBody },
    contents_apart: true,
    response: z.object({ connection: connectionSchema, ...saved }),
    success: 200,
    errors: [...lost, "reference_not_found"],
  }),
  deleteConnection: operation({
    id: "pipelines.delete_connection",
    method: "DELETE",
    path: "/pipelines/{pipeline_id}/connections/{connection_id}",
    summary: "Remove a connection",
    permission: "pipelines:update",
    resource: headResource,
    request: { path: connectionPath },
    response: "none",
    success: 204,
    errors: lost,
  }),
} as const;
