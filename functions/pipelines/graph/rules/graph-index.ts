import type { Connection, Graph, GraphNode } from "./nodes.ts";

/**
 * A graph by numbers: nodes and connections by their position, adjacency as flat arrays. Everything that walks a graph
 * walks this, because 10,000 nodes and 50,000 connections are looked at many times and should be hashed once.
 *
 * `out` holds the connections that leave node i at `outStart[i]` to `outStart[i + 1]`, in their order; `in` those that enter it.
 * Connections with a missing end or from a node to itself are not in `out` and `in`.
 */
export interface GraphIndex {
  readonly nodes: readonly GraphNode[];
  readonly connections: readonly Connection[];
  /** Node id to position; of nodes with the same id the first. */
  readonly position: ReadonlyMap<string, number>;
  /** Positions of the two ends of each connection; -1 where there is no such node. */
  readonly source: Int32Array;
  readonly target: Int32Array;
  readonly outStart: Int32Array;
  readonly out: Int32Array;
  readonly inStart: Int32Array;
  readonly in: Int32Array;
}

/** Indexes a graph in time linear to its size. */
export function indexGraph({ nodes, connections }: Graph): GraphIndex {
  const n = nodes.length;
  const m = connections.length;
  const position = new Map<string, number>();
  // Backwards: of nodes with the same id the first is set last, and none is looked up before.
  for (let i = n - 1; i >= 0; i--) position.set((nodes[i] as GraphNode).id, i);
  const source = new Int32Array(m);
  const target = new Int32Array(m);
  const outStart = new Int32Array(n + 1);
  const inStart = new Int32Array(n + 1);
  for (let e = 0; e < m; e++) {
    const connection = connections[e] as Connection;
    const from = position.get(connection.source) ?? -1;
    const to = position.get(connection.target) ?? -1;
    source[e] = from;
    target[e] = to;
    if (from >= 0 && to >= 0 && from !== to) {
      outStart[from] = at(outStart, from) + 1;
      inStart[to] = at(inStart, to) + 1;
    }
  }
  // First where each node's connections end; they are put in from behind, which leaves where they begin.
  for (let i = 1; i <= n; i++) {
    outStart[i] = at(outStart, i) + at(outStart, i - 1);
    inStart[i] = at(inStart, i) + at(inStart, i - 1);
  }
  const out = new Int32Array(at(outStart, n));
  const into = new Int32Array(at(inStart, n));
  for (let e = m - 1; e >= 0; e--) {
    const from = at(source, e);
    const to = at(target, e);
    if (from < 0 || to < 0 || from === to) continue;
    const o = at(outStart, from) - 1;
    const i = at(inStart, to) - 1;
    out[o] = e;
    into[i] = e;
    outStart[from] = o;
    inStart[to] = i;
  }
  return { nodes, connections, position, source, target, outStart, out, inStart, in: into };
}

/** An element that is known to be there. */
export const at = (array: Int32Array, index: number): number => array[index] as number;

/**
 * The nodes in topological order (Kahn). In a graph with cycles the nodes on a cycle and those behind one are missing,
 * so the order is shorter than the list of nodes.
 */
export function topologicalOrder(index: GraphIndex): Int32Array {
  const n = index.nodes.length;
  const { inStart, outStart, out, target } = index;
  const waiting = new Int32Array(n);
  const order = new Int32Array(n);
  let length = 0;
  for (let i = 0; i < n; i++) {
    const degree = at(inStart, i + 1) - at(inStart, i);
    waiting[i] = degree;
    if (degree === 0) order[length++] = i;
  }
  for (let head = 0; head < length; head++) {
    const node = at(order, head);
    for (let k = at(outStart, node); k < at(outStart, node + 1); k++) {
      const next = at(target, at(out, k));
      const left = at(waiting, next) - 1;
      waiting[next] = left;
      if (left === 0) order[length++] = next;
    }
  }
  return length === n ? order : order.subarray(0, length);
}
