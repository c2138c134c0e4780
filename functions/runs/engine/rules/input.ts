import type { Scope } from "../../../../shared/expressions/expression.ts";
import { isObject, type Json, type JsonObject, setOwn } from "../../../../shared/expressions/json.ts";
import { asText } from "../../../../shared/expressions/template.ts";
import { edgeTaken, edgeValue, type Outcome } from "./outcome.ts";
import { edgeAt, nodeAt, type Plan, type PlanNode, stepsReadBy } from "./plan.ts";

/** Committed outcomes by the node's ordinal. */
export type Outcomes = ReadonlyMap<number, Outcome>;

/** One taken input of a node, with the node it comes from. */
export interface TakenInput {
  readonly node_id: string;
  readonly value: Json;
}

/** Ordinals of the nodes whose outcomes are needed to start a node: its predecessors and the steps it reads. */
export function outcomesNeeded(plan: Plan, node: PlanNode): readonly number[] {
  const needed = new Set(node.incoming.map((edge) => edgeAt(plan, edge).source));
  for (const step of stepsReadBy(plan, node)) needed.add(step);
  return [...needed];
}

/** The values that came along the node's taken edges, in the order of the graph's connections. */
export function takenInputs(plan: Plan, node: PlanNode, outcomes: Outcomes): readonly TakenInput[] {
  return node.incoming.flatMap((edge) => {
    const source = nodeAt(plan, edgeAt(plan, edge).source);
    const outcome = outcomes.get(source.ordinal);
    if (outcome === undefined) throw new Error(`node ${node.id} starts, but ${source.id} before it has no outcome`);
    if (!edgeTaken(plan, edge, outcome)) return [];
    return [{ node_id: source.id, value: edgeValue(source, outcome) }];
  });
}

/**
 * What a node gets as its input: the run's input at the start; the value of the one taken edge; an object of values by node id where
 * several were taken. Untaken edges leave nothing behind.
 */
export function mergedInput(inputs: readonly TakenInput[], run_input: Json, isStart: boolean): Json {
  if (isStart) return run_input;
  const [first] = inputs;
  if (first === undefined) return null;
  return inputs.length === 1 ? first.value : byNode(inputs);
}

function byNode(inputs: readonly TakenInput[]): JsonObject {
  const result: JsonObject = {};
  for (const { node_id, value } of inputs) setOwn(result, node_id, value);
  return result;
}

/** What the node's expressions and conditions see. Only steps that they name are there, and only those that made an output. */
export function scopeOf(plan: Plan, node: PlanNode, input: Json, run_input: Json, outcomes: Outcomes): Scope {
  const steps: { [node_id: string]: { readonly output: Json } } = {};
  for (const ordinal of stepsReadBy(plan, node)) {
    const outcome = outcomes.get(ordinal);
    if (outcome?.status === "completed") steps[nodeAt(plan, ordinal).id] = { output: outcome.output };
  }
  return { input, run: { input: run_input }, steps };
}

/**
 * Strategy concat. Lists only: one list of all their members. Otherwise one text: texts as they are, answers of agents by their text,
 * other values as JSON, with the separator between them.
 */
export function concatenated(inputs: readonly TakenInput[], separator: string): Json {
  if (inputs.length > 0 && inputs.every(({ value }) => Array.isArray(value))) {
    return inputs.flatMap(({ value }) => value as readonly Json[]);
  }
  return inputs.map(({ value }) => asText(value)).join(separator);
}

/** How deep objects are merged; below, the later value replaces the earlier. */
const MERGE_DEPTH = 32;

/**
 * Strategy merge_json. Objects are merged member by member, the later input winning; an agent's answer counts as its `object`.
 * What is no object (texts, numbers, lists, answers without an object) is put under the id of its node, so that nothing is lost.
 */
export function mergedJson(inputs: readonly TakenInput[]): Json {
  let result: JsonObject = {};
  for (const { node_id, value } of inputs) {
    const object = objectOf(value);
    if (object !== undefined) result = mergeObjects(result, object, 0);
    else setOwn(result, node_id, isAnswer(value) ? value.text : value);
  }
  return result;
}

/** What an agent emits: {text, object?} and nothing else. */
export const isAnswer = (value: Json): value is { readonly text: string; readonly object?: Json } =>
  isObject(value) &&
  typeof value.text === "string" &&
  Object.keys(value).every((key) => key === "text" || key === "object");

const isJsonObject = (value: Json | undefined): value is { readonly [key: string]: Json } => isObject(value);

function objectOf(value: Json): { readonly [key: string]: Json } | undefined {
  if (isAnswer(value)) return isJsonObject(value.object) ? value.object : undefined;
  return isJsonObject(value) ? value : undefined;
}

function mergeObjects(
  base: { readonly [key: string]: Json },
  over: { readonly [key: string]: Json },
  depth: number,
): JsonObject {
  const result: JsonObject = {};
  for (const [key, value] of Object.entries(base)) setOwn(result, key, value);
  for (const [key, value] of Object.entries(over)) {
    const earlier = Object.hasOwn(result, key) ? result[key] : undefined;
    const both = depth < MERGE_DEPTH && isJsonObject(earlier) && isJsonObject(value);
    setOwn(result, key, both ? mergeObjects(earlier, value, depth + 1) : value);
  }
  return result;
}

/** The run's output: the value of the one output node that was reached, an object by node id for several, null for none. */
export function runOutput(plan: Plan, outcomes: Outcomes): Json {
  const reached = outputNodes(plan).flatMap((ordinal) => {
    const outcome = outcomes.get(ordinal);
    return outcome?.status === "completed" ? [{ node_id: nodeAt(plan, ordinal).id, value: outcome.output }] : [];
  });
  const [first] = reached;
  if (first === undefined) return null;
  return reached.length === 1 ? first.value : byNode(reached);
}

/** Ordinals of the output nodes; of the only node that is worked, where there is one. */
export const outputNodes = (plan: Plan): readonly number[] =>
  plan.only !== undefined
    ? [plan.only]
    : plan.nodes.filter(({ node }) => node?.kind === "output").map(({ ordinal }) => ordinal);
