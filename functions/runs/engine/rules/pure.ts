import type { Bounded } from "../../../../shared/bounded/killable.ts";
import { compileExpression, type Scope } from "../../../../shared/expressions/expression.ts";
import { conditionHolds } from "../../../../shared/expressions/holds.ts";
import type { Json } from "../../../../shared/expressions/json.ts";
import { compileMapping } from "../../../../shared/expressions/mapping.ts";
import type { GraphNode } from "../../../pipelines/graph/public.ts";
import { drawn, goOn, tooCostly } from "./choice.ts";
import { concatenated, mergedJson, type TakenInput } from "./input.ts";
import type { AttemptResult } from "./outcome.ts";
import type { Plan, PlanNode } from "./plan.ts";
import { average, vote } from "./tally.ts";

/** Checks a value against a JSON Schema: the first problem as a sentence, or undefined. Given by the caller: a validator is a library. */
export type CheckSchema = (schema: unknown, value: Json) => Promise<string | undefined>;

/** What a rule needs besides graph and values. */
export interface PureMeans {
  readonly checkSchema: CheckSchema;
  /** Of what is drawn by chance: the same for the same run. */
  readonly seed: string;
}

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
  { checkSchema, seed }: PureMeans,
): Promise<AttemptResult> {
  switch (node?.kind) {
    case "input": {
      const problem = node.config.schema === undefined ? undefined : await checkSchema(node.config.schema, scope.input);
      return problem === undefined ? { ok: true, output: scope.input } : failed("input_invalid", problem);
    }
    case "condition":
    case "router":
      return branch(plan, node, outgoing, scope, seed);
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
    case "summarize":
      throw new Error("what an agent makes of the inputs is a task");
  }
}

type BranchNode = Extract<GraphNode, { kind: "condition" | "router" }>;

async function firstHolding(
  branches: BranchNode["config"]["branches"],
  scope: Scope,
): Promise<Bounded<string | undefined>> {
  for (const { handle, condition } of branches) {
    const holds =
      condition === undefined ? { ok: true as const, value: false } : await conditionHolds(condition, scope);
    if (!holds.ok) return holds;
    if (holds.value) return { ok: true, value: handle };
  }
  return { ok: true, value: undefined };
}

/** The first branch whose condition holds, else the default; or one by chance. */
async function branch(
  plan: Plan,
  { id, config }: BranchNode,
  outgoing: readonly number[],
  scope: Scope,
  seed: string,
): Promise<AttemptResult> {
  if (config.strategy === "random") {
    const handle = drawn(config.branches, seed, id);
    if (handle === undefined) return failed("no_branch", "there is no branch");
    return goOn(plan, outgoing, { handle, scope, choice: { strategy: "random", seed } });
  }
  const chosen = await firstHolding(config.branches, scope);
  if (!chosen.ok) return tooCostly;
  const handle = chosen.value ?? config.default;
  if (handle === undefined) return failed("no_branch", "no branch's condition holds and there is no default");
  return goOn(plan, outgoing, { handle, scope });
}
