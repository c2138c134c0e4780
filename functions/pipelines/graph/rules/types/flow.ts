import { compileExpression } from "../../../../../shared/expressions/expression.ts";
import { at, type GraphIndex } from "../graph-index.ts";
import type { Known } from "../kinds/kind.ts";
import { agentOf, kindOf } from "../kinds.ts";
import { DEFAULT_SOURCE_HANDLE, ERROR_HANDLE } from "../limits.ts";
import type { Connection, GraphNode } from "../nodes.ts";
import { shapeOf } from "./from-schema.ts";
import { failure, type Joined, several } from "./joined.ts";
import { foundBy, madeBy, runOf, scopeOf } from "./scope.ts";
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

/** What leaves a node, by its handles. */
interface Emitted {
  readonly handles: readonly string[];
  readonly shapes: readonly Shape[];
}

/** Of a kind that has no handles: other steps read its output all the same. */
const unnamed: readonly string[] = [""];

/**
 * Shapes along a graph without cycles, worked out from its input on and no further than somebody asks: a graph in which nothing
 * reads another step costs nothing, and of a node's inputs is made what its kind looks at.
 */
export function flowOf(index: GraphIndex, order: Int32Array, answers: AnswerSchemas): Flow {
  const { nodes, connections, source, inStart } = index;
  /** Of a node that does not come before the one that asks, nothing is known. */
  const emitted: (Emitted | undefined)[] = new Array(nodes.length);
  let worked = 0;
  const objects = new Map<string, Shape>();
  const run_input = once((): Shape => {
    const start = nodes.find(({ kind }) => kind === "input");
    const checked = start?.kind === "input" && start.config.on_failure === "fail_run";
    return checked ? orAny(shapeOf(start.config.schema)) : ANY;
  });

  /** Works the graph off until something is known of this node. */
  const reach = (node: number): Emitted | undefined => {
    while (emitted[node] === undefined && worked < order.length) emit(at(order, worked++));
    return emitted[node];
  };

  const objectOf = (node: number): Shape => {
    const { agent_id, version } = agentOf(nodes[node] as GraphNode) ?? {};
    if (agent_id === undefined) return ANY;
    const key = answerKey(agent_id, version);
    return remembered(objects, key, () => {
      const schema = answers.get(key);
      return schema === undefined ? ANY : schema === null ? NEVER : orAny(shapeOf(schema));
    });
  };

  const inputsOf = (node: number) => {
    const inputs: (Joined & { readonly connection: number })[] = [];
    for (let k = at(inStart, node); k < at(inStart, node + 1); k++) {
      const connection = at(index.in, k);
      inputs.push({ node_id: nodes[at(source, connection)]?.id ?? "", connection, shape: along(connection) });
    }
    return inputs;
  };

  const along = (e: number): Shape => {
    const from = at(source, e);
    const node = nodes[from] as GraphNode;
    const handle = (connections[e] as Connection).source_handle ?? DEFAULT_SOURCE_HANDLE;
    if (handle === ERROR_HANDLE && node.config.on_failure === "error_edge") return failure(node.id);
    const all = reach(from);
    if (all === undefined) return ANY;
    return all.shapes[all.handles === unnamed ? 0 : all.handles.indexOf(handle)] ?? ANY;
  };

  const inputOf = (node: number, inputs: readonly Joined[]): Shape =>
    nodes[node]?.kind === "input" ? run_input() : inputs.length > MOST_INPUTS ? ANY : several(inputs);

  const run = once(() => runOf(run_input()));
  /** Of expressions that read no steps, by input: agents emit the same, so there are few. */
  const plain = new Map<Shape, Shape>();
  const scopeFor = (
    input: Shape,
    reads: readonly string[],
    known: (position: number) => Emitted | undefined,
  ): Shape => {
    if (reads.length === 0) return remembered(plain, input, () => scopeOf(input, run(), []));
    const steps = reads.flatMap((id) => {
      const position = index.position.get(id);
      const all = position === undefined ? undefined : known(position);
      return all === undefined ? [] : [[id, union(...all.shapes)] as const];
    });
    return scopeOf(input, run(), steps);
  };

  const emit = (i: number): void => {
    const node = nodes[i] as GraphNode;
    const { handles, emits } = kindOf(node);
    const known = new Around(i, around);
    const fallback = node.config.on_failure === "fallback" ? like(node.config.fallback ?? null) : NEVER;
    const own = handles(node.config);
    const names = own.length === 0 ? unnamed : own;
    const shapes: Shape[] = [];
    for (const handle of names) shapes.push(orAny(union(emits(node.config, known, handle), fallback)));
    emitted[i] = { handles: names, shapes };
  };
  const around: FoundOut = {
    inputs: inputsOf,
    input: inputOf,
    object: objectOf,
    scope: (input, steps) => scopeFor(input, steps, (position) => emitted[position]),
  };

  /** Of nodes with expressions, which may have many of them. */
  const merged = new Map<number, Shape>();
  const mergedOf = (node: number): Shape => remembered(merged, node, () => inputOf(node, inputsOf(node)));

  return { inputs: inputsOf, scope: (node, steps) => scopeFor(mergedOf(node), steps, reach) };
}

/** How what is known around a node is found out. */
interface FoundOut {
  inputs(node: number): readonly Joined[];
  input(node: number, inputs: readonly Joined[]): Shape;
  object(node: number): Shape;
  scope(input: Shape, steps: readonly string[]): Shape;
}

/** What is known around a node, found out when its kind asks; most ask for little of it. */
class Around implements Known {
  readonly #node: number;
  readonly #found: FoundOut;
  #inputs: readonly Joined[] | undefined;
  #input: Shape | undefined;

  constructor(node: number, found: FoundOut) {
    this.#node = node;
    this.#found = found;
  }

  get inputs(): readonly Joined[] {
    this.#inputs ??= this.#found.inputs(this.#node);
    return this.#inputs;
  }

  get input(): Shape {
    this.#input ??= this.#found.input(this.#node, this.inputs);
    return this.#input;
  }

  get object(): Shape {
    return this.#found.object(this.#node);
  }

  get mapped(): Known["mapped"] {
    const made = (text: string, found: typeof foundBy): Shape => {
      const expression = compileExpression(text);
      return expression.ok ? found(expression.outline, this.#found.scope(this.input, expression.steps)) : ANY;
    };
    return (mapping) =>
      typeof mapping === "string"
        ? made(mapping, madeBy)
        : closed(Object.entries(mapping).map(([name, text]) => [name, made(text, foundBy)]));
  }
}

function remembered<K>(known: Map<K, Shape>, key: K, work: () => Shape): Shape {
  const before = known.get(key);
  if (before !== undefined) return before;
  const shape = work();
  known.set(key, shape);
  return shape;
}

/** Works something out when it is first asked for. */
function once<T extends object>(work: () => T): () => T {
  let known: T | undefined;
  return () => {
    known ??= work();
    return known;
  };
}

/** A place where nothing can come contradicts itself; that is told there, and not of all that follows. */
const orAny = (shape: Shape): Shape => (shape.length === 0 ? ANY : shape);
