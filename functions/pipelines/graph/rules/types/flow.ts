import { compileExpression } from "../../../../../shared/expressions/expression.ts";
import type { Mapping } from "../../../../../shared/expressions/mapping.ts";
import { at, type GraphIndex } from "../graph-index.ts";
import type { Known } from "../kinds/kind.ts";
import { agentOf, kindOf } from "../kinds.ts";
import { DEFAULT_SOURCE_HANDLE, ERROR_HANDLE } from "../limits.ts";
import type { Connection, GraphNode } from "../nodes.ts";
import { shapeOf } from "./from-schema.ts";
import { failure, type Joined, several } from "./joined.ts";
import { foundBy, madeBy, scopeOf } from "./scope.ts";
import { ANY, closed, like, NEVER, type Shape, union } from "./shape.ts";

/** The response schemas of agents, by `answerKey`: null where an agent has none. What is not in it is not known. */
export type AnswerSchemas = ReadonlyMap<string, unknown>;

export const answerKey = (agent_id: string, version: number | undefined): string => `${agent_id}/${version ?? ""}`;

/** What travels in a graph. */
export interface Flow {
  /** What comes along each connection into a node. */
  inputs(node: number): readonly (Joined & { readonly connection: number })[];
  /** What a node's expressions see that read these steps. */
  scope(node: number, steps: readonly string[]): Shape;
}

/** More inputs than these are not told apart. */
const MOST_INPUTS = 200;

/** Shapes along a graph without cycles, worked out from its input on. */
export function flowOf(index: GraphIndex, order: Int32Array, answers: AnswerSchemas): Flow {
  const { nodes, connections, source, inStart } = index;
  const start = nodes.find(({ kind }) => kind === "input");
  const checked = start?.kind === "input" && start.config.on_failure === "fail_run";
  const run_input = checked ? orAny(shapeOf(start.config.schema)) : ANY;
  /** By node and handle. Of a node that does not come before the one that asks, nothing is known. */
  const emitted: (Map<string, Shape> | undefined)[] = nodes.map(() => undefined);
  const merged: (Shape | undefined)[] = nodes.map(() => undefined);
  const objects = new Map<string, Shape>();

  const objectOf = (node: GraphNode): Shape => {
    const { agent_id, version } = agentOf(node) ?? {};
    if (agent_id === undefined) return ANY;
    const key = answerKey(agent_id, version);
    const known = objects.get(key);
    if (known !== undefined) return known;
    const schema = answers.get(key);
    const shape = schema === undefined ? ANY : schema === null ? NEVER : orAny(shapeOf(schema));
    objects.set(key, shape);
    return shape;
  };

  const inputsOf = (node: number) =>
    Array.from(index.in.subarray(at(inStart, node), at(inStart, node + 1)), (connection) => ({
      node_id: nodes[at(source, connection)]?.id ?? "",
      connection,
      shape: along(connection),
    }));

  const along = (e: number): Shape => {
    const node = nodes[at(source, e)] as GraphNode;
    const handle = (connections[e] as Connection).source_handle ?? DEFAULT_SOURCE_HANDLE;
    if (handle === ERROR_HANDLE && node.config.on_failure === "error_edge") return failure(node.id);
    return outputOf(at(source, e), handle);
  };

  const outputOf = (node: number, handle: string): Shape => emitted[node]?.get(handle) ?? emitted[node]?.get("") ?? ANY;

  const inputOf = (node: number, inputs: readonly Joined[]): Shape =>
    nodes[node]?.kind === "input" ? run_input : inputs.length > MOST_INPUTS ? ANY : several(inputs);

  const scopeFor = (input: Shape, reads: readonly string[]): Shape =>
    scopeOf(
      input,
      run_input,
      reads.flatMap((id) => {
        const position = index.position.get(id);
        const all = position === undefined ? undefined : emitted[position];
        return all === undefined ? [] : [[id, union(...all.values())] as const];
      }),
    );

  for (const i of order) {
    const node = nodes[i] as GraphNode;
    const { handles, emits } = kindOf(node);
    const inputs = inputsOf(i);
    const input = inputOf(i, inputs);
    merged[i] = input;
    const mapped = (mapping: Mapping): Shape => {
      const made = (text: string, found: typeof foundBy): Shape => {
        const expression = compileExpression(text);
        return expression.ok ? found(expression.outline, scopeFor(input, expression.steps)) : ANY;
      };
      if (typeof mapping === "string") return made(mapping, madeBy);
      return closed(Object.entries(mapping).map(([name, text]) => [name, made(text, foundBy)]));
    };
    const known: Known = { inputs, input, object: objectOf(node), mapped };
    const fallback = node.config.on_failure === "fallback" ? like(node.config.fallback ?? null) : NEVER;
    const all = new Map<string, Shape>();
    const names = handles(node.config);
    for (const handle of names.length === 0 ? [""] : names)
      all.set(handle, orAny(union(emits(node.config, known, handle), fallback)));
    emitted[i] = all;
  }

  return {
    inputs: inputsOf,
    scope: (node, steps) => scopeFor(merged[node] ?? ANY, steps),
  };
}

/** A place where nothing can come contradicts itself; that is told there, and not of all that follows. */
const orAny = (shape: Shape): Shape => (shape.length === 0 ? ANY : shape);
