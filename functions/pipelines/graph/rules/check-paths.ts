import { at, type GraphIndex } from "./graph-index.ts";
import type { Findings } from "./issues.ts";
import type { GraphNode } from "./nodes.ts";

const FROM_INPUT = 1;
const TO_OUTPUT = 2;

/** Marks the nodes that can be reached from those of a kind, forwards or backwards. */
function spread(index: GraphIndex, marked: Uint8Array, mark: number, queue: Int32Array): void {
  const forwards = mark === FROM_INPUT;
  const kind = forwards ? "input" : "output";
  const start = forwards ? index.outStart : index.inStart;
  const edges = forwards ? index.out : index.in;
  const end = forwards ? index.target : index.source;
  let length = 0;
  for (let i = 0; i < marked.length; i++) {
    if ((index.nodes[i] as GraphNode).kind !== kind) continue;
    marked[i] = (marked[i] as number) | mark;
    queue[length++] = i;
  }
  for (let head = 0; head < length; head++) {
    const node = at(queue, head);
    for (let k = at(start, node); k < at(start, node + 1); k++) {
      const next = at(end, at(edges, k));
      const before = marked[next] as number;
      if ((before & mark) !== 0) continue;
      marked[next] = before | mark;
      queue[length++] = next;
    }
  }
}

/** Whether nothing but inputs has no connection into it, and nothing but outputs none out of it. */
function onlyEndsAreOpen({ nodes, inStart, outStart }: GraphIndex): boolean {
  for (let i = 0; i < nodes.length; i++) {
    const { kind } = nodes[i] as GraphNode;
    if (kind !== "input" && at(inStart, i) === at(inStart, i + 1)) return false;
    if (kind !== "output" && at(outStart, i) === at(outStart, i + 1)) return false;
  }
  return true;
}

/** Every node is reached from an input, and should lead to an output. */
export function reach(index: GraphIndex, order: Int32Array, findings: Findings): void {
  const { nodes, inStart, outStart } = index;
  // Whoever walks back from a node of a graph without cycles ends at one that nothing enters; and so forwards.
  if (order.length === nodes.length && onlyEndsAreOpen(index)) return;
  const marked = new Uint8Array(nodes.length);
  const queue = new Int32Array(nodes.length);
  spread(index, marked, FROM_INPUT, queue);
  spread(index, marked, TO_OUTPUT, queue);
  for (let i = 0; i < nodes.length; i++) {
    if (marked[i] === (FROM_INPUT | TO_OUTPUT)) continue;
    const node = nodes[i] as GraphNode;
    const alone = at(inStart, i) === at(inStart, i + 1) && at(outStart, i) === at(outStart, i + 1);
    if (alone && nodes.length > 1) {
      findings.add("orphan_node", `Node "${node.label}" (${node.id}) is not connected. Connect or remove it.`, [
        node.id,
      ]);
    } else if (marked[i] !== FROM_INPUT) {
      const message = `Node "${node.label}" (${node.id}) cannot be reached from the input. Connect or remove it.`;
      findings.add("unreachable_node", message, [node.id]);
    } else if (node.kind !== "input") {
      const message = `Node "${node.label}" (${node.id}) leads to no output: what it makes is not part of the run's answer.`;
      findings.add("dead_end", message, [node.id]);
    }
  }
}

/** A node that reads the output of a step. */
export interface Reference {
  /** Position of the reading node, and of the one that is read. */
  readonly reader: number;
  readonly read: number;
  readonly field: string;
}

/**
 * A node can only read steps that are certain to be resolved before it starts: its ancestors. Anything else would depend on timing.
 * Ancestors are found for 32 read steps at a time, one bit each, in one pass over the nodes in topological order.
 */
export function upstreamOnly(
  index: GraphIndex,
  order: Int32Array,
  references: readonly Reference[],
  findings: Findings,
): void {
  const { nodes, outStart, out, target } = index;
  const sorted = references.toSorted((a, b) => a.read - b.read);
  const above = new Int32Array(nodes.length);
  for (let from = 0; from < sorted.length; ) {
    const bits = new Map<number, number>();
    let to = from;
    for (; to < sorted.length; to++) {
      const { read } = sorted[to] as Reference;
      if (!bits.has(read)) {
        if (bits.size === 32) break;
        bits.set(read, 1 << bits.size);
      }
    }
    above.fill(0);
    for (let h = 0; h < order.length; h++) {
      const node = at(order, h);
      const mask = at(above, node) | (bits.get(node) ?? 0);
      if (mask === 0) continue;
      for (let k = at(outStart, node); k < at(outStart, node + 1); k++) {
        const next = at(target, at(out, k));
        above[next] = at(above, next) | mask;
      }
    }
    for (const { reader, read, field } of sorted.slice(from, to)) {
      if ((at(above, reader) & (bits.get(read) ?? 0)) !== 0) continue;
      const ids = [(nodes[reader] as GraphNode).id, (nodes[read] as GraphNode).id];
      const message = `${field} of node ${ids[0]} reads the output of ${ids[1]}, which does not come before it. Connect it upstream or remove the reference.`;
      findings.add("reference_not_upstream", message, ids);
    }
    from = to;
  }
}
