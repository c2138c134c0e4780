import { graphLimits } from "./limits.ts";
import type { Connection, Graph, GraphNode } from "./nodes.ts";

/** Changes to a graph value. All are pure: the given graph is not changed, and a refusal is a value. */

export type EditRefusal =
  | "node_not_found"
  | "connection_not_found"
  | "too_many_nodes"
  | "too_many_connections"
  | "source_not_found"
  | "target_not_found"
  | "self_loop";

export type Edit =
  | { readonly ok: true; readonly graph: Graph; readonly created: boolean }
  | { readonly ok: false; readonly code: EditRefusal; readonly message: string };

const refuse = (code: EditRefusal, message: string): Edit => ({ ok: false, code, message });

/** The list with the item in the place of the one with its id, or at the end. */
function upsert<T extends { readonly id: string }>(
  list: readonly T[],
  item: T,
): { list: readonly T[]; created: boolean } {
  const index = list.findIndex(({ id }) => id === item.id);
  return index === -1 ? { list: [...list, item], created: true } : { list: list.with(index, item), created: false };
}

/** Adds a node or replaces the one with its id. Its connections stay. */
export function upsertNode(graph: Graph, node: GraphNode): Edit {
  const { list, created } = upsert(graph.nodes, node);
  if (list.length > graphLimits.nodes)
    return refuse("too_many_nodes", `A graph has at most ${graphLimits.nodes} nodes.`);
  return { ok: true, graph: { ...graph, nodes: list }, created };
}

/** Removes a node together with every connection that begins or ends at it. */
export function removeNode(graph: Graph, node_id: string): Edit {
  const nodes = graph.nodes.filter(({ id }) => id !== node_id);
  if (nodes.length === graph.nodes.length) return refuse("node_not_found", `There is no node ${node_id}.`);
  const connections = graph.connections.filter(({ source, target }) => source !== node_id && target !== node_id);
  return { ok: true, graph: { nodes, connections }, created: false };
}

/** Adds a connection or replaces the one with its id, in its place. Both ends must be nodes of this graph. */
export function upsertConnection(graph: Graph, connection: Connection): Edit {
  if (connection.source === connection.target) return refuse("self_loop", "A node cannot be connected to itself.");
  for (const end of ["source", "target"] as const) {
    if (!graph.nodes.some(({ id }) => id === connection[end])) {
      return refuse(`${end}_not_found`, `There is no node ${connection[end]} in this graph.`);
    }
  }
  const { list, created } = upsert(graph.connections, connection);
  if (list.length > graphLimits.connections) {
    return refuse("too_many_connections", `A graph has at most ${graphLimits.connections} connections.`);
  }
  return { ok: true, graph: { ...graph, connections: list }, created };
}

/** Removes a connection. */
export function removeConnection(graph: Graph, connection_id: string): Edit {
  const connections = graph.connections.filter(({ id }) => id !== connection_id);
  if (connections.length === graph.connections.length) {
    return refuse("connection_not_found", `There is no connection ${connection_id}.`);
  }
  return { ok: true, graph: { ...graph, connections }, created: false };
}

/**
 * A copy that shares nothing with the graph. Node and connection ids stay: they are unique only inside their graph, and conditions
 * and expressions name steps by them.
 */
export function duplicateGraph(graph: Graph): Graph {
  return structuredClone(graph);
}
