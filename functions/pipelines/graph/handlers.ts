import { trusted } from "../../../shared/bounded/trusted.ts";
import { decodeCursor, encodeCursor, invalidCursor, queryFingerprint } from "../../../shared/dynamo/cursor.ts";
import { badReference, notFound, Problem } from "../../../shared/errors.ts";
import type { Call, Handler } from "../../../shared/http/call.ts";
import { parseValue } from "../../../shared/http/parse.ts";
import { answerOf } from "../activation/handlers.ts";
import type { PipelineDeps } from "../deps.ts";
import type { operations } from "../operations.ts";
import { type Revised, reviseGraph } from "../revisions/revise.ts";
import { loadRevision, openRevision } from "../revisions/revision.ts";
import { nodeFor } from "./prompts.ts";
import { type Edit, removeConnection, removeNode, upsertConnection, upsertNode } from "./rules/edit.ts";
import { type Connection, connectionSchema, type Graph, type GraphNode, nodeSchema } from "./rules/nodes.ts";
import { requireConnectionContents, requireNodeContents } from "./run.ts";

type Ops = typeof operations;

/** The graph after an edit, or the refusal of an edit that cannot be made. */
function edited(edit: Edit): Graph {
  if (edit.ok) return edit.graph;
  switch (edit.code) {
    case "node_not_found":
    case "connection_not_found":
      throw notFound();
    case "source_not_found":
      throw badReference("source", "is no node of this graph");
    case "target_not_found":
      throw badReference("target", "is no node of this graph");
    default:
      throw new Problem("validation_failed", edit.message, {
        issues: [{ path: "", message: edit.message, code: edit.code }],
      });
  }
}

const savedOf = ({ pipeline, validation }: Revised) => ({
  revision: pipeline.revision,
  graph_hash: pipeline.graph_hash,
  validation: answerOf(validation),
  etag: pipeline.etag,
});

const nodeOf = (graph: Graph, id: string): GraphNode => {
  const node = graph.nodes.find((one) => one.id === id);
  if (node === undefined) throw notFound();
  return node;
};

const connectionOf = (graph: Graph, id: string): Connection => {
  const connection = graph.connections.find((one) => one.id === id);
  if (connection === undefined) throw notFound();
  return connection;
};

const taken = (noun: string, id: string): Problem =>
  new Problem("already_exists", `The graph already has a ${noun} ${id}.`, {
    issues: [{ path: "id", message: "is already taken in this graph" }],
  });

/** The newest graph of a pipeline. */
async function newestGraph(call: Call<Ops["getNode"]> | Call<Ops["getConnection"]>, { blobs }: PipelineDeps) {
  const { newest } = await call.load();
  return (await openRevision(blobs, newest)).graph;
}

/** A page of a graph's parts. The cursor names the revision that the list began with, so a list is of one revision. */
async function pageOfGraph<T>(
  call: Call<Ops["listNodes"]> | Call<Ops["listConnections"]>,
  deps: PipelineDeps,
  part: "nodes" | "connections",
  pick: (graph: Graph) => readonly T[],
): Promise<{ items: T[]; next_cursor: string | null }> {
  const { context, query } = call;
  const { pipeline, newest } = await call.load();
  const fingerprint = queryFingerprint([context.tenant, pipeline.id, part]);
  const start = query.cursor === undefined ? undefined : decodeCursor(fingerprint, query.cursor);
  const revision = start === undefined ? pipeline.revision : Number(start.revision);
  const offset = start === undefined ? 0 : Number(start.offset);
  if (
    !(
      revision >= 1 &&
      revision <= pipeline.revision &&
      Number.isInteger(revision) &&
      offset >= 0 &&
      Number.isInteger(offset)
    )
  )
    throw invalidCursor();
  const { graph } =
    revision === newest.revision
      ? await openRevision(deps.blobs, newest)
      : await loadRevision(deps.table.of(context.tenant), deps.blobs, pipeline.id, revision);
  const all = pick(graph);
  const end = offset + query.limit;
  const next = end < all.length ? encodeCursor(fingerprint, { revision: `${revision}`, offset: `${end}` }) : null;
  return { items: all.slice(offset, end), next_cursor: next };
}

export const listNodes: Handler<Ops["listNodes"], PipelineDeps> = (call, deps) =>
  pageOfGraph(call, deps, "nodes", ({ nodes }) => nodes.map((node) => nodeFor(call, node)));

export const getNode: Handler<Ops["getNode"], PipelineDeps> = async (call, deps) =>
  nodeFor(call, nodeOf(await newestGraph(call, deps), call.path.node_id));

export const createNode: Handler<Ops["createNode"], PipelineDeps> = (call, deps) =>
  reviseGraph<Ops["createNode"]>(
    call,
    deps,
    async ({ graph }) => {
      if (graph.nodes.some(({ id }) => id === call.body.id)) throw taken("node", call.body.id);
      await requireNodeContents(call.body);
      return edited(upsertNode(graph, call.body));
    },
    (revised) => ({ id: call.body.id, node: nodeFor(call, nodeOf(revised.graph, call.body.id)), ...savedOf(revised) }),
    { body: "node" },
  );

export const updateNode: Handler<Ops["updateNode"], PipelineDeps> = (call, deps) =>
  reviseGraph<Ops["updateNode"]>(
    call,
    deps,
    async ({ graph }) => {
      const node = nodeOf(graph, call.path.node_id);
      const { config, ...fields } = call.body;
      const merged = { ...node, ...fields, config: merge(node.config, config ?? {}) };
      const changed = trusted(() => parseValue(nodeSchema, merged));
      await requireNodeContents(changed);
      return edited(upsertNode(graph, changed));
    },
    (revised) => ({ node: nodeFor(call, nodeOf(revised.graph, call.path.node_id)), ...savedOf(revised) }),
    { body: "node" },
  );

export const deleteNode: Handler<Ops["deleteNode"], PipelineDeps> = (call, deps) =>
  reviseGraph<Ops["deleteNode"]>(
    call,
    deps,
    ({ graph }) => edited(removeNode(graph, call.path.node_id)),
    () => undefined,
    { body: "node" },
  );

export const listConnections: Handler<Ops["listConnections"], PipelineDeps> = (call, deps) =>
  pageOfGraph(call, deps, "connections", ({ connections }) => connections);

export const getConnection: Handler<Ops["getConnection"], PipelineDeps> = async (call, deps) =>
  connectionOf(await newestGraph(call, deps), call.path.connection_id);

export const createConnection: Handler<Ops["createConnection"], PipelineDeps> = (call, deps) =>
  reviseGraph<Ops["createConnection"]>(
    call,
    deps,
    async ({ graph }) => {
      if (graph.connections.some(({ id }) => id === call.body.id)) throw taken("connection", call.body.id);
      await requireConnectionContents(call.body);
      return edited(upsertConnection(graph, call.body));
    },
    (revised) => ({ id: call.body.id, connection: connectionOf(revised.graph, call.body.id), ...savedOf(revised) }),
    { body: "node" },
  );

export const updateConnection: Handler<Ops["updateConnection"], PipelineDeps> = (call, deps) =>
  reviseGraph<Ops["updateConnection"]>(
    call,
    deps,
    async ({ graph }) => {
      const connection = connectionOf(graph, call.path.connection_id);
      const changed = trusted(() => parseValue(connectionSchema, merge(connection, call.body)));
      await requireConnectionContents(changed);
      return edited(upsertConnection(graph, changed));
    },
    (revised) => ({ connection: connectionOf(revised.graph, call.path.connection_id), ...savedOf(revised) }),
    { body: "node" },
  );

export const deleteConnection: Handler<Ops["deleteConnection"], PipelineDeps> = (call, deps) =>
  reviseGraph<Ops["deleteConnection"]>(
    call,
    deps,
    ({ graph }) => edited(removeConnection(graph, call.path.connection_id)),
    () => undefined,
    { body: "node" },
  );

/** The fields with the changes over them; a change to null removes the field. */
function merge(fields: object, changes: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const merged = Object.entries({ ...fields, ...changes }).filter(([name]) => changes[name] !== null);
  return Object.fromEntries(merged);
}
