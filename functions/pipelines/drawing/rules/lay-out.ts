import { Graph, layout } from "@dagrejs/dagre";
import { linesOf, widthOf } from "./letters.ts";
import type { Direction } from "./picture.ts";
import type { DrawnConnection, DrawnNode, Scene } from "./scene.ts";

/** Sizes in pixels. */
export const sizes = { label: 13, caption: 11, line: 17, tile: 34, gap: 11, inset: 11, most: 230, least: 148 } as const;

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface PlacedNode extends DrawnNode {
  readonly lines: readonly string[];
  /** The centre. */
  readonly at: Point;
  readonly width: number;
  readonly height: number;
}

export interface PlacedConnection extends DrawnConnection {
  /** From the one to the other, ends included. */
  readonly points: readonly Point[];
  /** Its label as it fits, and the middle of that. */
  readonly said: string;
  readonly said_at: Point;
}

export interface Placed {
  readonly nodes: readonly PlacedNode[];
  readonly connections: readonly PlacedConnection[];
  readonly width: number;
  readonly height: number;
}

/** Where a node's texts may stand beside its icon. */
const sideOf = ({ icon }: DrawnNode): number => (icon === "" ? 0 : sizes.tile + sizes.gap);

function sized(node: DrawnNode) {
  const edges = 2 * sizes.inset + (node.shape === "step" ? 4 : 16);
  const room = sizes.most - edges - sideOf(node);
  const lines = linesOf(node.label, sizes.label, room, 2);
  const text = Math.max(...lines.map((line) => widthOf(line, sizes.label)), widthOf(node.caption, sizes.caption));
  const width = Math.min(sizes.most, Math.max(sizes.least, text + edges + sideOf(node)));
  return { ...node, lines, width: Math.ceil(width), height: 40 + sizes.line * lines.length };
}

/** Places everything, in columns or rows along the way of the connections. */
export function laidOut(scene: Scene, direction: Direction): Placed {
  const nodes = scene.nodes.map(sized);
  const graph = new Graph({ multigraph: true });
  graph.setGraph({ rankdir: direction === "right" ? "LR" : "TB", nodesep: 26, edgesep: 18, ranksep: 46 });
  for (const { id, width, height } of nodes) graph.setNode(id, { width, height });
  const said = scene.connections.map(({ label }) => linesOf(label, sizes.caption, 120, 1)[0] ?? "");
  for (const [i, { source, target }] of scene.connections.entries()) {
    const text = said[i] ?? "";
    const box = text === "" ? {} : { width: widthOf(text, sizes.caption) + 14, height: 18, labelpos: "c" };
    graph.setEdge(source, target, { ...box }, String(i));
  }
  layout(graph);
  const { width = 0, height = 0 } = graph.graph() as { width?: number; height?: number };
  return {
    width: Math.max(0, width),
    height: Math.max(0, height),
    nodes: nodes.map((node) => ({ ...node, at: pointOf(graph.node(node.id)) })),
    connections: scene.connections.map((connection, i) => {
      const edge = graph.edge(connection.source, connection.target, String(i)) as Point & { points: Point[] };
      const text = said[i] ?? "";
      return {
        ...connection,
        points: edge.points.map(pointOf),
        said: text,
        said_at: text === "" ? { x: 0, y: 0 } : pointOf(edge),
      };
    }),
  };
}

const pointOf = ({ x, y }: Point): Point => ({ x, y });
