import type { Bounded } from "../../../../shared/bounded/killable.ts";
import { compileExpression, type Scope } from "../../../../shared/expressions/expression.ts";
import { conditionHolds } from "../../../../shared/expressions/holds.ts";
import type { Json } from "../../../../shared/expressions/json.ts";
import { compileMapping } from "../../../../shared/expressions/mapping.ts";
import type { GraphNode } from "../../../pipelines/graph/public.ts";
import { concatenated, mergedJson, type TakenInput } from "./input.ts";
import type { AttemptResult } from "./outcome.ts";
import { edgeAt, type Plan, type PlanNode } from "./plan.ts";
import { average, vote } from "./tally.ts";

/** Checks a value against a JSON Schema: the first problem as a sentence, or undefined. Given by the caller: a validator is a library. */
export type CheckSchema = (schema: unknown, value: Json) => Promise<string | undefined>;

const failed = (code: string, message: string): AttemptResult => ({
  ok: false,
  error: { code, message },
  retryable: false,
});

type Evaluated = Awaited<ReturnType<Extract<ReturnType<typeof compileExpression>, { ok: true }>["evaluate"]>>;

const made = (result: Evaluated): AttemptResult =>
  result.ok ? { ok: true, output: result.value ?? null } : failed(result.code, result.message);

/**
 * Works off a node of a pure kind. The same node with the same inputs gives the same result, so it may be repeated after a crash.
 * Failures are values and never worth another attempt.
 */
export async function runPure(
  plan: Plan,
  { node, outgoing }: PlanNode,
  inputs: readonly TakenInput[],
  scope: Scope,
  checkSchema: CheckSchema,
): Promise<AttemptResult> {
  switch (node?.kind) {
    case "input": {
      const problem = node.config.schema === undefined ? undefined : await checkSchema(node.config.schema, scope.input);
      return problem === undefined ? { ok: true, output: scope.input } : failed("input_invalid", problem);
    }
    case "condition":
    case "router":
      return branch(plan, node, outgoing, scope);
    case "merge":
    case "synthesizer":
      return joined(node, inputs);
    case "transform": {
      const expression = compileExpression(node.config.expression ?? "");
      return expression.ok ? made(await expression.evaluate(scope)) : failed(expression.code, expression.message);
    }
    case "output": {
      if (node.config.mapping === undefined) return { ok: true, output: scope.input };
      const mapping = compileMapping(node.config.mapping);
      return mapping.ok ? made(await mapping.apply(scope)) : failed(mapping.code, mapping.message);
    }
    default:
      throw new Error(`${node?.kind ?? "the end"} is not a pure kind`);
  }
}

type JoinNode = Extract<GraphNode, { kind: "merge" | "synthesizer" }>;

function joined({ config }: JoinNode, inputs: readonly TakenInput[]): AttemptResult {
  switch (config.strategy) {
    case "concat":
      return { ok: true, output: concatenated(inputs, config.separator) };
    case "merge_json":
      return { ok: true, output: mergedJson(inputs) };
    case "vote":
      return vote(inputs, config);
    case "average":
      return average(inputs, config);
  }
}

type BranchNode = Extract<GraphNode, { kind: "condition" | "router" }>;

const tooCostly = failed("condition_too_costly", "a pattern of a condition takes too long on the text that it meets");

async function firstHolding(
  branches: BranchNode["config"]["branches"],
  scope: Scope,
): Promise<Bounded<BranchNode["config"]["branches"][number] | undefined>> {
  for (const branch of branches) {
    const holds = await conditionHolds(branch.condition, scope);
    if (!holds.ok) return holds;
    if (holds.value) return { ok: true, value: branch };
  }
  return { ok: true, value: undefined };
}

/** The first branch whose condition holds, else the default. A condition on a connection of that branch narrows it further. */
async function branch(
  plan: Plan,
  { config }: BranchNode,
  outgoing: readonly number[],
  scope: Scope,
): Promise<AttemptResult> {
  const chosen = await firstHolding(config.branches, scope);
  if (!chosen.ok) return tooCostly;
  const handle = chosen.value?.handle ?? config.default;
  if (handle === undefined) return failed("no_branch", "no branch's condition holds and there is no default");
  const blocked: number[] = [];
  for (const ordinal of outgoing) {
    const edge = edgeAt(plan, ordinal);
    if (edge.handle !== handle || edge.condition === undefined) continue;
    const open = await conditionHolds(edge.condition, scope);
    if (!open.ok) return tooCostly;
    if (!open.value) blocked.push(ordinal);
  }
  return { ok: true, output: scope.input, handle, blocked };
}
