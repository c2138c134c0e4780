import { alg, Graph as LibraryGraph } from "@dagrejs/graphlib";
import type { Graph } from "../functions/pipelines/graph/public.ts";
import { type GraphFacts, validateGraph } from "../functions/pipelines/graph/rules/validate.ts";
import { AGENT, pipelineOf } from "./graph/graphs.ts";
import { kahn } from "./graph/kahn.ts";
import { inTurns, microsecondsOf, spreadOf } from "./measure.ts";
import { atMost, type Benchmark, context } from "./row.ts";

const SIZES = [10, 100, 1_000, 10_000];
/** Nodes looked at in one round: short rounds and many of them, so that some meet no other load. */
const NODES_PER_ROUND = 5_000;
const ROUNDS = 151;
/** Rounds of the library, which takes far longer. */
const LIBRARY_ROUNDS = 5;

export const graphValidation: Benchmark = {
  id: "graph-validation",
  title: "Graph validation",
  about: `
\`validateGraph\` finds everything that is wrong with a pipeline: ids, ends, handles, fan-in, duplicates, cycles by name,
reachability, agents, patterns. It is compared with the least that tells whether the graph has a cycle, Kahn's algorithm on typed
arrays (\`graph/kahn.ts\`), and, as context, with \`@dagrejs/graphlib\` (\`alg.isAcyclic\`, its graph built from the same nodes and
connections). All three start from the same parsed graph with text ids. The graphs are valid, random by a fixed seed,
with 1.7 connections for each node; expressions, which are compiled once each, are not part of it.
`,
  async run() {
    // The engine optimises for what it has seen: all sizes pass before any is measured.
    for (const size of SIZES) await measure(size, ROUNDS / 10);
    const rows = [];
    for (const size of SIZES) {
      const { ours, bare, library } = await measure(size, ROUNDS);
      const facts = { unit: "µs", spread: spreadOf(ours) };
      const nodes = `${size.toLocaleString("en")} nodes`;
      const { least } = ours;
      rows.push(
        atMost(4, { ...facts, id: `graph-kahn-${size}`, what: `Validating ${nodes} against Kahn` }, least, bare.least),
        context({ ...facts, id: `graph-graphlib-${size}`, what: "The same against graphlib" }, least, library.least),
      );
    }
    return rows;
  },
};

async function measure(size: number, rounds: number) {
  const graph = pipelineOf(size, size);
  const facts: GraphFacts = {
    pattern: "sequential",
    agents: new Map([[AGENT, { status: "active" }]]),
    answers: new Map(),
  };
  const calls = Math.max(1, Math.round(NODES_PER_ROUND / size));
  const yes = (holds: boolean) => {
    if (!holds) throw new Error("the graph is valid, and something says it is not");
  };
  const both = await inTurns(rounds, {
    ours: () => microsecondsOf(calls, () => yes(validateGraph(graph, facts).valid)),
    bare: () => microsecondsOf(calls, () => yes(kahn(graph))),
  });
  const { library } = await inTurns(LIBRARY_ROUNDS, {
    library: () => microsecondsOf(Math.ceil(calls / 20), () => yes(alg.isAcyclic(libraryGraph(graph)))),
  });
  return { ...both, library };
}

function libraryGraph({ nodes, connections }: Graph): LibraryGraph {
  const graph = new LibraryGraph({ directed: true, multigraph: true });
  for (const { id } of nodes) graph.setNode(id);
  for (const { id, source, target } of connections) graph.setEdge(source, target, undefined, id);
  return graph;
}
