import { type Graph, graphSchema } from "../../functions/pipelines/graph/public.ts";
import { seeded } from "./random.ts";

export const AGENT = "agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC";

/**
 * A valid pipeline of `size` nodes: agents behind earlier nodes, every fourth node a merge of up to three, and outputs that join
 * what is left open. About 1.7 connections for each node.
 */
export function pipelineOf(size: number, seed: number): Graph {
  const random = seeded(seed);
  const nodes: object[] = [{ id: "input", kind: "input", label: "Input", config: {} }];
  const connections: object[] = [];
  const ids = ["input"];
  const open = new Set(ids);
  const connect = (source: string, target: string) => {
    connections.push({ id: `c${connections.length}`, source, target });
    open.delete(source);
  };
  const earlier = () => ids[Math.floor(random() * ids.length)] ?? "input";
  for (let i = 1; i < size - 1; i++) {
    const id = `step_${i}`;
    if (i % 4 === 0) {
      nodes.push({ id, kind: "merge", label: `Merge ${i}`, config: { strategy: "concat" } });
      for (const source of new Set([earlier(), earlier(), ids[ids.length - 1] ?? "input"])) connect(source, id);
    } else {
      nodes.push({ id, kind: "agent", label: `Agent ${i}`, config: { agent_id: AGENT } });
      connect(earlier(), id);
    }
    ids.push(id);
    open.add(id);
  }
  nodes.push({ id: "output", kind: "output", label: "Output", config: {} });
  for (const source of [...open]) connect(source, "output");
  return graphSchema.parse({ nodes, connections });
}
