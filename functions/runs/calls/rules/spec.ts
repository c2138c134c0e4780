import { compileExpression, type Scope } from "../../../../shared/expressions/expression.ts";
import { conditionHolds } from "../../../../shared/expressions/holds.ts";
import type { Json } from "../../../../shared/expressions/json.ts";
import { compileMapping, type Mapping } from "../../../../shared/expressions/mapping.ts";
import type { GraphNode } from "../../../pipelines/graph/public.ts";
import type { AttemptResult } from "../../engine/rules/outcome.ts";
import type { CallsWanted } from "./calls.ts";

type Failed = Extract<AttemptResult, { ok: false }>;

/** A run that has not completed. */
export interface Fallen {
  readonly index: number;
  readonly run_id: string;
  readonly status: string;
  readonly error: { readonly code: string; readonly message: string } | null;
}

/** What a node has run, and what the outcomes mean. */
export interface CallSpec {
  readonly ok: true;
  readonly wanted: CallsWanted;
  /** Which outputs count. */
  readonly takes: "all" | "last";
  inputOf(index: number, previous?: Json): Json;
  /** Whether this output ends it before the others; undefined where that takes too long to say. */
  readonly ends?: (output: Json) => Promise<boolean | undefined>;
  result(outputs: readonly Json[]): AttemptResult;
  failure(fallen: Fallen | undefined): AttemptResult;
}

export const failed = (code: string, message: string, retryable = false): Failed => ({
  ok: false,
  error: { code, message },
  retryable,
});

/** A run within that did not complete may do so another time: its node's policy says how often it is tried. */
const fell = (what: string, fallen: Fallen | undefined): Failed => {
  const why = fallen?.error?.message ?? `it ended as ${fallen?.status ?? "failed"}`;
  // It is the budget of all of them: another try finds no more of it.
  if (fallen?.error?.code === "budget_exceeded") return failed("budget_exceeded", why);
  return failed("run_within_failed", `${what}${fallen === undefined ? "" : ` (${fallen.run_id})`}: ${why}`, true);
};

type CallingNode = Extract<GraphNode, { kind: "sub_pipeline" | "map" | "loop" }>;

/** What the node wants with the values that it has now: the same each time, because what it reads has been committed. */
export async function specOf(node: CallingNode, scope: Scope, allowance: number): Promise<CallSpec | Failed> {
  switch (node.kind) {
    case "map":
      return mapSpec({ ...node.config, concurrency: Math.min(node.config.concurrency, allowance) }, scope);
    case "loop":
      return loopSpec(node.config, scope);
    default:
      return once(node.config, scope);
  }
}

/** What a mapping makes; the input, where there is none. */
export async function mapped(mapping: Mapping | undefined, scope: Scope) {
  if (mapping === undefined) return { ok: true, value: scope.input } as const;
  const compiled = compileMapping(mapping);
  const result = compiled.ok ? await compiled.apply(scope) : compiled;
  return result.ok ? ({ ok: true, value: result.value ?? null } as const) : failed(result.code, result.message);
}

async function once(
  { input_mapping }: Extract<CallingNode, { kind: "sub_pipeline" }>["config"],
  scope: Scope,
): Promise<CallSpec | Failed> {
  const input = await mapped(input_mapping, scope);
  if (!input.ok) return input;
  return {
    ok: true,
    wanted: { total: 1, concurrency: 1, needed: 1 },
    takes: "last",
    inputOf: () => input.value,
    result: ([output = null]) => ({ ok: true, output }),
    failure: (fallen) => fell("The run within it did not complete", fallen),
  };
}

async function mapSpec(
  { list, max_items, concurrency, succeed, quorum = 1 }: Extract<CallingNode, { kind: "map" }>["config"],
  scope: Scope,
): Promise<CallSpec | Failed> {
  const expression = compileExpression(list ?? "");
  const found = expression.ok ? await expression.evaluate(scope) : expression;
  if (!found.ok) return failed(found.code, found.message);
  const items = found.value;
  if (!Array.isArray(items)) return failed("not_a_list", "The expression of the map gives no list.");
  if (items.length > max_items)
    return failed("too_many_items", `The list has ${items.length} items; the map takes ${max_items}.`);
  const total = items.length;
  const needed = succeed === "all" ? total : succeed === "any" ? Math.min(1, total) : quorum;
  if (needed > total) return failed("no_quorum", `${needed} items have to succeed; the list has ${total}.`);
  return {
    ok: true,
    wanted: { total, concurrency, needed },
    takes: "all",
    inputOf: (index) => ({ item: items[index] ?? null, index }),
    result: (outputs) => ({ ok: true, output: [...outputs] }),
    failure: (fallen) =>
      fell(fallen === undefined ? "Too few items succeeded" : `Item ${fallen.index} did not complete`, fallen),
  };
}

async function loopSpec(
  { input_mapping, until, max_iterations, at_limit }: Extract<CallingNode, { kind: "loop" }>["config"],
  scope: Scope,
): Promise<CallSpec | Failed> {
  const first = await mapped(input_mapping, scope);
  if (!first.ok) return first;
  return {
    ok: true,
    wanted: { total: max_iterations, concurrency: 1, needed: max_iterations },
    takes: "last",
    inputOf: (index, previous = null) => (index === 0 ? first.value : previous),
    ...(until === undefined
      ? {}
      : {
          ends: async (output: Json) => {
            const holds = await conditionHolds(until, { ...scope, input: output });
            return holds.ok ? holds.value : undefined;
          },
        }),
    result: ([output = null]) =>
      until !== undefined && at_limit === "fail"
        ? failed("loop_limit", `The condition does not hold after ${max_iterations} times.`)
        : { ok: true, output },
    failure: (fallen) =>
      fell(fallen === undefined ? "A turn did not complete" : `Turn ${fallen.index + 1} did not complete`, fallen),
  };
}
