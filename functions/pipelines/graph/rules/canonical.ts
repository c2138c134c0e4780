import { createHash } from "node:crypto";
import { canonicalJson } from "../../../../shared/expressions/json.ts";
import type { Graph } from "./nodes.ts";

/**
 * The one form of a graph: nodes by id, because their order means nothing; connections in their own order, because a merge takes
 * its inputs in that order. What is stored, hashed and compiled is this form, so equal hashes mean equal behaviour.
 */
export function canonicalGraph(graph: Graph): Graph {
  return { nodes: graph.nodes.toSorted((a, b) => (a.id < b.id ? -1 : 1)), connections: graph.connections };
}

/** The canonical text (RFC 8785) of a graph. Order of keys and of nodes make no difference. */
export function canonicalText(graph: Graph): string {
  return canonicalJson(canonicalGraph(graph));
}

/** The content address of a graph: `sha256:` and 64 hexadecimal digits of its canonical text in UTF-8. */
export function graphHash(graph: Graph): string {
  return `sha256:${createHash("sha256").update(canonicalText(graph)).digest("hex")}`;
}
