import { at, type GraphIndex } from "./graph-index.ts";
import type { Findings } from "./issues.ts";
import type { Connection, GraphNode } from "./nodes.ts";

/** Most nodes that a message spells out; `node_ids` has them all. */
const SHOWN = 20;

/** Names one cycle of every knot of nodes that reach each other. Nodes before and behind a cycle are not named. */
export function cycles(index: GraphIndex, order: Int32Array, findings: Findings): void {
  const { nodes, connections, source, inStart } = index;
  if (order.length === nodes.length) return;
  const knot = knots(index, order);
  const named = new Set<number>();
  const step = new Int32Array(nodes.length).fill(-1);
  for (let start = 0; start < nodes.length; start++) {
    const own = at(knot, start);
    if (own < 0 || named.has(own)) continue;
    named.add(own);
    // Every node of a knot has a predecessor in it, so walking backwards inside it comes to a node for the second time.
    const path: number[] = [];
    const via: number[] = [];
    let node = start;
    while (at(step, node) < 0) {
      step[node] = path.length;
      path.push(node);
      const edges = index.in.subarray(at(inStart, node), at(inStart, node + 1));
      const edge = edges.find((e) => at(knot, at(source, e)) === own) as number;
      via.push(edge);
      node = at(source, edge);
    }
    const from = at(step, node);
    const ids = path.slice(from).map((i) => (nodes[i] as GraphNode).id);
    const edges = via.slice(from).map((e) => (connections[e] as Connection).id);
    ids.reverse();
    edges.reverse();
    const shown = ids.length > SHOWN ? [...ids.slice(0, SHOWN), "…"] : [...ids, ids[0]];
    findings.add("cycle", `These nodes form a cycle: ${shown.join(" → ")}. Remove one of its connections.`, ids, edges);
  }
}

/**
 * The strongly connected components of more than one node (Tarjan, with a stack of its own instead of recursion): for each node the
 * number of its component, -1 for nodes that are on no cycle.
 */
function knots({ nodes, target, outStart, out }: GraphIndex, order: Int32Array): Int32Array {
  const n = nodes.length;
  const knot = new Int32Array(n).fill(-1);
  const number = new Int32Array(n).fill(-1);
  const low = new Int32Array(n);
  const cursor = outStart.slice(0, n);
  const open: number[] = [];
  const isOpen = new Uint8Array(n);
  let next = 0;
  // What has a topological order is on no cycle.
  for (const node of order) number[node] = n;
  for (let root = 0; root < n; root++) {
    if (at(number, root) >= 0) continue;
    const walk = [root];
    for (let node = walk.at(-1); node !== undefined; node = walk.at(-1)) {
      if (at(number, node) < 0) {
        number[node] = next;
        low[node] = next++;
        open.push(node);
        isOpen[node] = 1;
      }
      const edge = at(cursor, node);
      if (edge < at(outStart, node + 1)) {
        cursor[node] = edge + 1;
        const to = at(target, at(out, edge));
        if (at(number, to) < 0) walk.push(to);
        else if (isOpen[to] === 1) low[node] = Math.min(at(low, node), at(number, to));
        continue;
      }
      walk.pop();
      const parent = walk.at(-1);
      if (parent !== undefined) low[parent] = Math.min(at(low, parent), at(low, node));
      if (at(low, node) !== at(number, node)) continue;
      const members = open.splice(open.lastIndexOf(node));
      for (const member of members) {
        isOpen[member] = 0;
        if (members.length > 1) knot[member] = node;
      }
    }
  }
  return knot;
}
