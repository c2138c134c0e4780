import { at, indexGraph, topologicalOrder } from "../../graph/rules/graph-index.ts";
import type { Graph } from "../../graph/rules/nodes.ts";
import type { Positions } from "../../layout/rules/positions.ts";

/** Between the corners of two neighbours, in pixels of the canvas. */
const COLUMN = 280;
const ROW = 140;

/** Nodes in columns by their longest way from the input, each column centred; of graphs without a cycle. */
export function placed(graph: Graph): Positions {
  const index = indexGraph(graph);
  const column = new Array<number>(index.nodes.length).fill(0);
  for (const node of topologicalOrder(index))
    for (let k = at(index.outStart, node); k < at(index.outStart, node + 1); k++) {
      const target = at(index.target, at(index.out, k));
      column[target] = Math.max(column[target] ?? 0, (column[node] ?? 0) + 1);
    }
  const columns = Map.groupBy(index.nodes.keys(), (node) => column[node] ?? 0);
  return Object.fromEntries(
    [...columns].flatMap(([x, nodes]) =>
      nodes.map((node, row) => [
        index.nodes[node]?.id ?? "",
        { x: x * COLUMN, y: (row - (nodes.length - 1) / 2) * ROW },
      ]),
    ),
  );
}
