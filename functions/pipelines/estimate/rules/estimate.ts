import { at, indexGraph, topologicalOrder } from "../../graph/rules/graph-index.ts";
import type { Paid } from "../../graph/rules/kinds/cost.ts";
import { commonLimits, type NodeAgent } from "../../graph/rules/kinds/kind.ts";
import { isPure, kindOf, timeoutOf, waitsSecondsOf } from "../../graph/rules/kinds.ts";
import type { Graph, GraphNode } from "../../graph/rules/nodes.ts";
import { answerKey } from "../../graph/rules/types/flow.ts";
import { type Bounded, dearest, sum, times, unbounded } from "./spend.ts";

/** What one answer of each agent comes to at most, by `answerKey`. */
export type AnswerBounds = ReadonlyMap<string, Bounded>;

/** What the nodes of a graph may use comes to at most. */
export interface KnownBounds {
  readonly answers: AnswerBounds;
  /** One run of each pipeline within, by `answerKey` of its id and revision. */
  readonly runs: ReadonlyMap<string, Bounded>;
}

/** What one node comes to at most, however often it is tried. */
export interface NodeEstimate extends Bounded {
  readonly node_id: string;
  readonly kind: GraphNode["kind"];
  readonly attempts: number;
  /** Of its work and its waits, the pauses between attempts included. */
  readonly seconds: number;
}

export interface Path {
  readonly node_ids: readonly string[];
  readonly seconds: number;
}

export interface Estimate extends Bounded {
  readonly steps: number;
  readonly nodes: readonly NodeEstimate[];
  /** Null in a graph with a cycle, which no run can walk. */
  readonly longest_path: Path | null;
}

/** Between two attempts a provider may ask for as much as this. */
const LONGEST_PAUSE_SECONDS = commonLimits.backoff_ms / 1_000;

function paidFor(paid: Paid, { answers, runs }: KnownBounds): Bounded {
  if (paid.times === null) return unbounded(paid.why ?? "Nobody knows how often before it runs.");
  if (paid.type === "pipeline") {
    const { pipeline_id, revision } = paid;
    if (pipeline_id === undefined) return unbounded("No pipeline is chosen.");
    const run = runs.get(answerKey(pipeline_id, revision));
    return times(run ?? unbounded(`Nothing is known of pipeline ${pipeline_id}.`), paid.times);
  }
  const answerOf = ({ agent_id, version }: NodeAgent): Bounded => {
    if (agent_id === undefined) return unbounded("No agent is chosen.");
    return answers.get(answerKey(agent_id, version)) ?? unbounded(`Nothing is known of agent ${agent_id}.`);
  };
  return times(paid.type === "agent" ? answerOf(paid.agent) : dearest(paid.agents.map(answerOf)), paid.times);
}

/** What a node comes to at most. */
export function estimateOf(node: GraphNode, known: KnownBounds): NodeEstimate {
  const attempts = isPure(node) ? 1 : (node.config.retry?.max_attempts ?? 1);
  const once = sum(
    kindOf(node)
      .cost.paid(node.config)
      .map((paid) => paidFor(paid, known)),
  );
  const seconds =
    waitsSecondsOf(node) + Math.ceil((attempts * timeoutOf(node)) / 1_000) + (attempts - 1) * LONGEST_PAUSE_SECONDS;
  return { node_id: node.id, kind: node.kind, attempts, seconds, ...times(once, attempts) };
}

/**
 * What a run of the graph comes to at most: each node is a step at most once, in so many attempts as it may take. Branches of
 * which only one is taken count all.
 */
export function estimate(graph: Graph, known: KnownBounds): Estimate {
  const nodes = graph.nodes.map((node) => estimateOf(node, known));
  return { ...sum(nodes), steps: nodes.length, nodes, longest_path: longestPath(graph, nodes) };
}

/** The way from the input that takes longest; of ways as long, the one with more nodes. */
function longestPath(graph: Graph, estimates: readonly NodeEstimate[]): Path | null {
  const index = indexGraph(graph);
  const order = topologicalOrder(index);
  if (order.length !== graph.nodes.length) return null;
  const ways: ({ readonly seconds: number; readonly steps: number; readonly before: number } | undefined)[] = [];
  let last = -1;
  const longer = (a: number, b: number): boolean => {
    const [one, other] = [ways[a], ways[b]];
    if (one === undefined || other === undefined) return one !== undefined;
    return one.seconds !== other.seconds ? one.seconds > other.seconds : one.steps > other.steps;
  };
  for (const i of order) {
    let before = -1;
    for (let k = at(index.inStart, i); k < at(index.inStart, i + 1); k++) {
      const source = at(index.source, at(index.in, k));
      if (before === -1 ? ways[source] !== undefined : longer(source, before)) before = source;
    }
    const way = ways[before];
    if (way === undefined && index.nodes[i]?.kind !== "input") continue;
    ways[i] = {
      seconds: (way?.seconds ?? 0) + (estimates[i]?.seconds ?? 0),
      steps: (way?.steps ?? 0) + 1,
      before,
    };
    if (last === -1 || longer(i, last)) last = i;
  }
  const node_ids: string[] = [];
  for (let i = last; i !== -1; i = ways[i]?.before ?? -1) node_ids.push(index.nodes[i]?.id ?? "");
  return { node_ids: node_ids.reverse(), seconds: ways[last]?.seconds ?? 0 };
}
