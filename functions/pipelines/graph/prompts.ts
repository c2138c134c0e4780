import { type Issue, Problem } from "../../../shared/errors.ts";
import type { Asking } from "../../../shared/http/permit.ts";
import { READ_PROMPTS } from "../../agents/public.ts";
import { type GraphBody, placeOf } from "./places.ts";
import type { Graph, GraphNode } from "./rules/nodes.ts";

/** Stands in an answer for a prompt that the caller may not read, and in a request for the prompt that is stored. */
export const CONCEALED_PROMPT = "{concealed}";

type Reader = Pick<Asking<typeof READ_PROMPTS>, "may">;

const withPrompt = (node: Extract<GraphNode, { kind: "agent" }>, system_prompt_override: string): GraphNode => ({
  ...node,
  config: { ...node.config, system_prompt_override },
});

/** A node as this caller sees it: without `agents:read_prompts` a sign stands for its prompt. */
export const nodeFor = ({ may }: Reader, node: GraphNode): GraphNode =>
  node.kind !== "agent" || node.config.system_prompt_override === undefined || may(READ_PROMPTS)
    ? node
    : withPrompt(node, CONCEALED_PROMPT);

/**
 * The graph with the stored prompts where the sign stands for them, so that who may not read a prompt does not lose it.
 * @param body what brought the graph: paths of issues are in it
 * @throws Problem `validation_failed` where the node has no stored prompt
 */
export function keepPrompts(graph: Graph, stored: Graph, body: GraphBody): Graph {
  const before = new Map(stored.nodes.map((node) => [node.id, node]));
  const issues: Issue[] = [];
  const nodes = graph.nodes.map((node, i) => {
    if (node.kind !== "agent" || node.config.system_prompt_override !== CONCEALED_PROMPT) return node;
    const old = before.get(node.id);
    const prompt = old?.kind === "agent" ? old.config.system_prompt_override : undefined;
    if (prompt !== undefined) return withPrompt(node, prompt);
    issues.push({
      path: placeOf(body, i, "config.system_prompt_override"),
      message: "stands for no stored prompt; send the text",
    });
    return node;
  });
  if (issues.length > 0) throw new Problem("validation_failed", "A prompt is missing.", { issues });
  return { ...graph, nodes };
}
