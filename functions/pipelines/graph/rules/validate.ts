import { agents, configs, type GraphFacts, pattern } from "./check-config.ts";
import { cycles } from "./check-cycles.ts";
import { handles } from "./check-handles.ts";
import { reach, upstreamOnly } from "./check-paths.ts";
import { connectionEnds, duplicateConnections, ends, fanIn, quorums, uniqueIds } from "./check-structure.ts";
import { types } from "./check-types.ts";
import { indexGraph, topologicalOrder } from "./graph-index.ts";
import { Findings, type Issue } from "./issues.ts";
import { withKinds } from "./kinds.ts";
import type { Graph } from "./nodes.ts";

export type { GraphFacts } from "./check-config.ts";

export interface Validation {
  /** No errors. Warnings do not block. */
  readonly valid: boolean;
  readonly errors: readonly Issue[];
  readonly warnings: readonly Issue[];
}

/**
 * Everything that is wrong with a graph, all at once. Pure; time grows linearly with nodes and connections (and, where expressions
 * read other steps, with connections for each 32 steps that are read). No recursion, so depth does not matter.
 */
export function validateGraph(graph: Graph, facts: GraphFacts): Validation {
  const findings = new Findings();
  if (graph.nodes.length === 0) {
    findings.add(
      "graph_empty",
      "The graph is empty. Add an input and an output node, and what should happen between them.",
    );
    return { valid: false, errors: findings.errors, warnings: findings.warnings };
  }
  const index = withKinds(indexGraph(graph));
  uniqueIds(index, findings);
  ends(index, findings);
  connectionEnds(index, findings);
  duplicateConnections(index, findings);
  handles(index, findings);
  fanIn(index, findings);
  quorums(index, findings);
  const order = topologicalOrder(index);
  cycles(index, order, findings);
  reach(index, order, findings);
  const { references, uses } = configs(index, findings);
  // Behind a cycle there is no order, so nothing certain can be said about what comes before what.
  if (order.length === graph.nodes.length) {
    if (references.length > 0) upstreamOnly(index, order, references, findings);
    types(index, order, uses, facts.answers, findings);
  }
  agents(index, facts, findings);
  pattern(index, facts, findings);
  findings.close();
  return { valid: findings.errors.length === 0, errors: findings.errors, warnings: findings.warnings };
}
