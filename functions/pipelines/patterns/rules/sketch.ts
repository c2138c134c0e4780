import { type Graph, graphSchema } from "../../graph/rules/nodes.ts";
import type { PatternAgent } from "../model.ts";

/** A graph under way: nodes are named as they are added, connections go in the order in which they are drawn. */
export class Sketch {
  readonly #nodes: object[] = [];
  readonly #connections: object[] = [];

  node(id: string, kind: string, label: string, config: object = {}): string {
    this.#nodes.push({ id, kind, label, config });
    return id;
  }

  agent(id: string, { agent_id, label }: PatternAgent, word: string, more: object = {}): string {
    return this.node(id, "agent", label ?? word, { agent_id, ...more });
  }

  link(source: string, target: string, handle?: string): void {
    this.#connections.push({
      id: `c${this.#connections.length + 1}`,
      source,
      target,
      ...(handle === undefined ? {} : { source_handle: handle }),
    });
  }

  /** Each of them between the two: side by side. */
  fan(source: string, between: readonly string[], target: string, handle?: string): void {
    for (const one of between) this.link(source, one, handle);
    for (const one of between) this.link(one, target);
  }

  graph(): Graph {
    return graphSchema.parse({ nodes: this.#nodes, connections: this.#connections });
  }
}

export const numbered = (word: string, index: number): string => `${word}_${index + 1}`;
