import type { Condition } from "../../../../shared/expressions/condition.ts";
import {
  at,
  type Connection,
  canonicalGraph,
  DEFAULT_SOURCE_HANDLE,
  type Graph,
  type GraphNode,
  indexGraph,
  isPure,
  stepsInCondition,
  stepsRead,
  topologicalOrder,
} from "../../../pipelines/graph/public.ts";

/** Id of the virtual node that joins all sinks. No node of a graph can have it: `$` is no character of an id. */
export const END_ID = "$end";

export interface PlanEdge {
  /** Position among the plan's edges. Stored with runs, so it must never change for a revision. */
  readonly ordinal: number;
  readonly source: number;
  readonly target: number;
  /** Handle of the source that it leaves by; undefined for an edge from a sink to the end. */
  readonly handle: string | undefined;
  readonly condition: Condition | undefined;
}

export interface PlanNode {
  readonly ordinal: number;
  readonly id: string;
  /** The graph's node; undefined for the end. */
  readonly node: GraphNode | undefined;
  /** Worked off by the planner; the others are a task of their own. */
  readonly pure: boolean;
  /** Ordinals of its edges, in the order of the graph's connections. */
  readonly incoming: readonly number[];
  readonly outgoing: readonly number[];
}

/** A graph revision, indexed for running. Nodes are ordered by id, edges as the graph's connections, then those to the end. */
export interface Plan {
  readonly nodes: readonly PlanNode[];
  readonly edges: readonly PlanEdge[];
  /** Ordinals of the input node and of the end. */
  readonly start: number;
  readonly end: number;
  /** Where a run begins: at the input node, or at the only one that is worked. */
  readonly first: number;
  /** The only node that is worked, and then the run ends; what others have come to is given. */
  readonly only: number | undefined;
  readonly byId: ReadonlyMap<string, number>;
}

/**
 * Indexes a graph revision. Pure, and the same for every graph with the same content hash. Takes graphs that `validateGraph` finds
 * valid; throws for a graph without exactly one input, with a dangling connection or with a cycle, because such a run would not end.
 * @param only the one node that is worked: whatever leaves it leads to the end, and nothing else does
 */
export function compilePlan(graph: Graph, only?: string): Plan {
  const index = indexGraph(canonicalGraph(graph));
  const inputs = index.nodes.filter(({ kind }) => kind === "input");
  const [input] = inputs;
  if (input === undefined || inputs.length > 1) throw new Error("a plan needs exactly one input node");
  if (index.position.size !== index.nodes.length) throw new Error("a plan needs nodes with different ids");
  if (index.out.length !== index.connections.length)
    throw new Error("a plan needs connections between two nodes of the graph");
  if (topologicalOrder(index).length !== index.nodes.length) throw new Error("a plan cannot have a cycle");
  const end = index.nodes.length;
  const alone = only === undefined ? undefined : index.position.get(only);
  if (only !== undefined && alone === undefined) throw new Error(`a plan needs the node ${only}`);
  const joined: number[] = [];
  const edges: PlanEdge[] = index.connections.map(({ source_handle, condition }: Connection, ordinal) => {
    const source = at(index.source, ordinal);
    if (source === alone) joined.push(ordinal);
    const target = source === alone ? end : at(index.target, ordinal);
    return { ordinal, source, target, handle: source_handle ?? DEFAULT_SOURCE_HANDLE, condition };
  });
  const nodes: PlanNode[] = index.nodes.map((node, ordinal) => {
    const outgoing = Array.from(index.out.subarray(at(index.outStart, ordinal), at(index.outStart, ordinal + 1)));
    if (outgoing.length === 0 && (alone === undefined || alone === ordinal)) {
      const edge = edges.length;
      edges.push({ ordinal: edge, source: ordinal, target: end, handle: undefined, condition: undefined });
      outgoing.push(edge);
      joined.push(edge);
    }
    const incoming = Array.from(index.in.subarray(at(index.inStart, ordinal), at(index.inStart, ordinal + 1)));
    return { ordinal, id: node.id, node, pure: isPure(node), incoming, outgoing };
  });
  nodes.push({ ordinal: end, id: END_ID, node: undefined, pure: true, incoming: joined, outgoing: [] });
  const start = index.position.get(input.id) ?? 0;
  return { nodes, edges, start, end, first: alone ?? start, only: alone, byId: index.position };
}

/** The node with that ordinal; throws for one that the plan does not have. */
export function nodeAt(plan: Plan, ordinal: number): PlanNode {
  const node = plan.nodes[ordinal];
  if (node === undefined) throw new Error(`the plan has no node ${ordinal}`);
  return node;
}

/** The edge with that ordinal; throws for one that the plan does not have. */
export function edgeAt(plan: Plan, ordinal: number): PlanEdge {
  const edge = plan.edges[ordinal];
  if (edge === undefined) throw new Error(`the plan has no edge ${ordinal}`);
  return edge;
}

/** The node with that id; throws for one that the plan does not have. */
export function nodeNamed(plan: Plan, id: string): PlanNode {
  const ordinal = plan.byId.get(id);
  if (ordinal === undefined) throw new Error(`the plan has no node ${id}`);
  return nodeAt(plan, ordinal);
}

/** Ordinals of the steps whose outputs the node's config and the conditions of its connections read. */
export function stepsReadBy(plan: Plan, { node, outgoing }: PlanNode): readonly number[] {
  if (node === undefined) return [];
  const ids = new Set(stepsRead(node));
  for (const ordinal of outgoing) {
    const { condition } = edgeAt(plan, ordinal);
    if (condition !== undefined) for (const id of stepsInCondition(condition)) ids.add(id);
  }
  return [...ids].flatMap((id) => plan.byId.get(id) ?? []);
}

/** Which incoming edges of a step are resolved, by ordinal. */
export interface StepState {
  readonly taken: ReadonlySet<number>;
  readonly untaken: ReadonlySet<number>;
  /** One of the edges that the last effective addition added; undefined before the first. */
  readonly last: number | undefined;
}

/** Edges that are to be resolved at one step. */
export interface Resolution {
  readonly taken: readonly number[];
  readonly untaken: readonly number[];
}

export const unresolved: StepState = { taken: new Set(), untaken: new Set(), last: undefined };

/** The edges that the state does not hold yet. */
export function missingEdges({ taken, untaken }: StepState, edges: Resolution): Resolution {
  const missing = (edge: number) => !taken.has(edge) && !untaken.has(edge);
  return { taken: edges.taken.filter(missing), untaken: edges.untaken.filter(missing) };
}

/**
 * The state with these edges resolved. Adding again changes nothing, `last` included: that is what makes the edge that completed a
 * step a fact of its state, the same for everybody who asks and however often.
 */
export function resolveEdges(state: StepState, edges: Resolution): StepState {
  const { taken, untaken } = missingEdges(state, edges);
  const last = taken[0] ?? untaken[0];
  if (last === undefined) return state;
  return { taken: state.taken.union(new Set(taken)), untaken: state.untaken.union(new Set(untaken)), last };
}

export type Decision = "waiting" | "others" | "ready" | "skip";

/**
 * What a step's state says to the walk that has just resolved `edges`. `waiting`: edges are missing. `others`: all are resolved, but
 * another walk's edge completed the step, so it is that walk's. `ready`: one was taken. `skip`: none was.
 * The end is never skipped: a run whose every branch was left out still ends.
 */
export function decide(node: PlanNode, { taken, untaken, last }: StepState, edges: Resolution): Decision {
  if (taken.size + untaken.size < node.incoming.length) return "waiting";
  if (last === undefined || !(edges.taken.includes(last) || edges.untaken.includes(last))) return "others";
  return taken.size > 0 || node.node === undefined ? "ready" : "skip";
}
