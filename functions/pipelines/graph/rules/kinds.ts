import { condition, router } from "./kinds/branches.ts";
import { input, output } from "./kinds/ends.ts";
import type { NodeAgent, NodeKind, Use } from "./kinds/kind.ts";
import { agent, http } from "./kinds/tasks.ts";
import { merge, synthesizer, transform } from "./kinds/values.ts";
import { ERROR_HANDLE } from "./limits.ts";
import type { GraphNode } from "./nodes.ts";

/** The kinds of nodes. Adding one means one object in `kinds/` and one line here and in `nodes.ts`. */
export const nodeKinds = { input, agent, condition, router, merge, synthesizer, http, transform, output } as const;

export type NodeKindName = keyof typeof nodeKinds;

/** The registry entry of a node's kind, seen as taking any config: a node's config always belongs to its kind. */
const kindOf = (node: GraphNode): NodeKind => nodeKinds[node.kind];

export { kindOf };

/** Whether the planner works the node off itself. */
export const isPure = (node: GraphNode): boolean => kindOf(node).pure(node.config);

/** The agent that the node runs; undefined where it runs none. */
export const agentOf = (node: GraphNode): NodeAgent | undefined => kindOf(node).agent(node.config);

/** Handles that connections may leave the node by; the error handle where its policy is `error_edge`. */
export function handlesOf(node: GraphNode): readonly string[] {
  const handles = kindOf(node).handles(node.config);
  return node.config.on_failure === "error_edge" ? [...handles, ERROR_HANDLE] : handles;
}

/** Where the node's config uses values of the graph. */
export const usesOf = (node: GraphNode): readonly Use[] => kindOf(node).uses(node.config);

/** What the node still lacks before it can run. */
export const lacksOf = (node: GraphNode): readonly string[] => kindOf(node).lacks(node.config);
