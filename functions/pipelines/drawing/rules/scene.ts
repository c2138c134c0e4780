import type { NodeGroup } from "../../graph/rules/kinds/kind.ts";
import { handlesOf, kindOf } from "../../graph/rules/kinds.ts";
import { DEFAULT_SOURCE_HANDLE, ERROR_HANDLE } from "../../graph/rules/limits.ts";
import type { Connection, Graph, GraphNode } from "../../graph/rules/nodes.ts";

/** Nodes up to which a graph is drawn: beyond that a picture tells nobody anything, and laying it out takes long. */
export const MOST_DRAWN = { nodes: 500, connections: 2_000 } as const;

/**
 * What a node looks like follows from what its kind says of itself:
 * - `end`: nothing leads in, or nothing out
 * - `fork`: its connections are ways between which it chooses
 * - `join`: many connections lead in
 * - `missing`: named by a connection, and not there
 */
export type Shape = "end" | "fork" | "join" | "step" | "missing";

export interface DrawnNode {
  readonly id: string;
  readonly label: string;
  /** Under the label: what kind it is, and by which strategy or selection. */
  readonly caption: string;
  readonly shape: Shape;
  readonly group: NodeGroup;
  /** By the names of Lucide; empty where there is none. */
  readonly icon: string;
}

export interface DrawnConnection {
  readonly id: string;
  readonly source: string;
  readonly target: string;
  /** Empty where there is nothing to say. */
  readonly label: string;
  /** What a failure goes by. */
  readonly failure: boolean;
}

export interface Scene {
  readonly nodes: readonly DrawnNode[];
  readonly connections: readonly DrawnConnection[];
}

const words = (name: string): string => name.replaceAll("_", " ");

function shapeOf(node: GraphNode): Shape {
  const { receives, branches } = kindOf(node);
  if (branches) return "fork";
  if (receives === "none" || handlesOf(node).length === 0) return "end";
  return receives === "many" ? "join" : "step";
}

function drawn(node: GraphNode): DrawnNode {
  const { group, icon } = kindOf(node);
  const { config } = node;
  const way = "strategy" in config ? config.strategy : "selection" in config ? config.selection : undefined;
  const strategy = way === undefined ? "" : ` · ${words(way)}`;
  return { id: node.id, label: node.label, caption: words(node.kind) + strategy, shape: shapeOf(node), group, icon };
}

/** What is written at a connection: its own label, else that of the branch or handle by which it leaves. */
function labelOf({ label, source_handle, condition }: Connection, source: GraphNode | undefined): string {
  if (label !== undefined) return label;
  const named = source_handle === undefined || source_handle === DEFAULT_SOURCE_HANDLE ? "" : source_handle;
  const branches = source !== undefined && "branches" in source.config ? source.config.branches : [];
  const branch = branches.find(({ handle }) => handle === source_handle);
  const said = branch?.label ?? words(named);
  return condition === undefined ? said : `${said} if …`.trim();
}

/** What there is to draw of a graph, whether or not it can run. */
export function sceneOf({ nodes, connections }: Graph): Scene {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const missing = new Set(connections.flatMap(({ source, target }) => [source, target].filter((id) => !byId.has(id))));
  return {
    nodes: [
      ...nodes.map(drawn),
      ...[...missing].map(
        (id): DrawnNode => ({ id, label: id, caption: "not there", shape: "missing", group: "flow", icon: "" }),
      ),
    ],
    connections: connections.map((connection) => ({
      id: connection.id,
      source: connection.source,
      target: connection.target,
      label: labelOf(connection, byId.get(connection.source)),
      failure: connection.source_handle === ERROR_HANDLE,
    })),
  };
}
