import type { GraphIndex } from "./graph-index.ts";
import { approval } from "./kinds/approvals.ts";
import { condition, router } from "./kinds/branches.ts";
import { loop, map, subPipeline } from "./kinds/calls.ts";
import { input, output } from "./kinds/ends.ts";
import type { ConfigPath, NamedPeople, NodeAgent, NodeKind, Reference, ReferenceType, Use } from "./kinds/kind.ts";
import { supervisor } from "./kinds/supervisors.ts";
import { agent, connector, http, tool } from "./kinds/tasks.ts";
import { merge, synthesizer, transform } from "./kinds/values.ts";
import { wait } from "./kinds/waits.ts";
import { ERROR_HANDLE } from "./limits.ts";
import type { Graph, GraphNode } from "./nodes.ts";

/** The kinds of nodes. Adding one means one object in `kinds/` and one line here and in `nodes.ts`. */
export const nodeKinds = {
  input,
  agent,
  condition,
  router,
  supervisor,
  merge,
  synthesizer,
  http,
  tool,
  connector,
  transform,
  wait,
  approval,
  sub_pipeline: subPipeline,
  map,
  loop,
  output,
} as const;

export type NodeKindName = keyof typeof nodeKinds;

/** The registry entry of a node's kind, seen as taking any config: a node's config always belongs to its kind. */
const kindOf = (node: GraphNode): NodeKind => nodeKinds[node.kind];

export { kindOf };

/** A graph by numbers with the kind of each node: a validation asks every node's kind many times. */
export interface KindIndex extends GraphIndex {
  readonly kinds: readonly NodeKind[];
}

export const withKinds = (index: GraphIndex): KindIndex => ({ ...index, kinds: index.nodes.map(kindOf) });

/** Whether the planner works the node off itself. */
export const isPure = (node: GraphNode): boolean => kindOf(node).pure(node.config);

/** The agent that the node runs, or whose tool it calls; undefined where it has none. */
export const agentOf = (node: GraphNode): NodeAgent | undefined => kindOf(node).agent(node.config);

/** The agents that do the node's work as runs of their own. */
export const workersOf = (node: GraphNode): readonly NodeAgent[] => kindOf(node).workers(node.config);

/** Whether it may have models called itself, which take tokens of the plan. */
export const callsModels = (node: GraphNode): boolean =>
  kindOf(node)
    .cost.paid(node.config)
    .some(({ type }) => type !== "pipeline");

/** All agents whose versions a node works with: its own, and those whom that one has work. */
export function agentsOf(node: GraphNode): readonly NodeAgent[] {
  const own = agentOf(node);
  return own === undefined ? workersOf(node) : [own, ...workersOf(node)];
}

/** The things of the organization that the node names. */
export const referencesOf = (node: GraphNode): readonly Reference[] => kindOf(node).references(node.config);

/** The users and teams that the node names. */
export const peopleOf = (node: GraphNode): readonly NamedPeople[] => kindOf(node).people(node.config);

/** A node with other people in the places of those that it names. */
export function withPeople(node: GraphNode, put: (named: NamedPeople) => readonly string[]): GraphNode {
  const lists = peopleOf(node);
  if (lists.length === 0) return node;
  const config = structuredClone<object>(node.config);
  for (const list of lists) setAt(config, list.path, put(list));
  return { ...node, config } as GraphNode;
}

/** The different things of a type that a graph names, in the order of their first nodes. */
export const idsNamed = (graph: Graph, type: ReferenceType): string[] => [
  ...new Set(graph.nodes.flatMap((node) => referencesOf(node).flatMap((one) => (one.type === type ? [one.id] : [])))),
];

/** A node that names other things in the places of those that it named. */
export const renamed = (node: GraphNode, idOf: (reference: Reference) => string): GraphNode =>
  withReferences(node, idOf) as GraphNode;

/**
 * A node with something else in the places of what it names; undefined takes the place away. A pin is a number of the
 * old thing, so it goes.
 */
export function withReferences(node: GraphNode, put: (reference: Reference) => unknown): object {
  const config = structuredClone<object>(node.config);
  for (const reference of referencesOf(node)) {
    setAt(config, reference.path, put(reference));
    if (reference.pin !== undefined) setAt(config, reference.pin.path, undefined);
  }
  return { ...node, config };
}

/** Writes a member of a config; undefined takes it away. */
export function setAt(config: object, path: ConfigPath, value: unknown): void {
  const holder = path.slice(0, -1).reduce<object>((at, step) => Reflect.get(at, step) as object, config);
  const name = path.at(-1) ?? "";
  if (value === undefined) Reflect.deleteProperty(holder, name);
  else Reflect.set(holder, name, value);
}

/** Handles that connections may leave the node by; the error handle where its policy is `error_edge`. */
export function handlesOf(node: GraphNode): readonly string[] {
  const handles = kindOf(node).handles(node.config);
  return node.config.on_failure === "error_edge" ? [...handles, ERROR_HANDLE] : handles;
}

/** Where the node's config uses values of the graph. */
export const usesOf = (node: GraphNode): readonly Use[] => kindOf(node).uses(node.config);

/** How long one attempt of the node works at most, its waiting apart; 0 of rules. */
export const timeoutOf = (node: GraphNode): number => {
  const usual = kindOf(node).cost.usual_timeout_ms;
  return usual === null || isPure(node) ? 0 : (node.config.timeout_ms ?? usual);
};

/** How long the node may wait for something else than its own work, in seconds. */
export const waitsSecondsOf = (node: GraphNode): number => kindOf(node).waits_seconds(node.config);

/** What the node still lacks before it can run. */
export const lacksOf = (node: GraphNode): readonly string[] => kindOf(node).lacks(node.config);
