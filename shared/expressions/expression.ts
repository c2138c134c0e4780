import type jsonata from "jsonata";
import { isSmall } from "../bounded/size.ts";
import { engines, SMALL } from "../engines/run.ts";
import { cutText } from "../text.ts";
import { inspectExpression } from "./expression-ast.ts";
import { type Outline, outlineOf } from "./expression-outline.ts";
import { boundedExpression, expressionLimits } from "./expression-runtime.ts";
import { boundedJson, isObject, type Json } from "./json.ts";
import { Memo } from "./memo.ts";

/** What a node's expressions can see. `steps` holds the steps that the expression names, and nothing else. */
export interface Scope {
  readonly input: Json;
  readonly run: { readonly input: Json };
  readonly steps: { readonly [node_id: string]: { readonly output: Json } };
}

export type ExpressionErrorCode =
  | "expression_empty"
  | "expression_syntax"
  | "expression_forbidden"
  | "expression_too_large"
  | "expression_timed_out"
  | "expression_failed"
  | "result_not_json"
  | "result_too_large";

export interface ExpressionError {
  readonly ok: false;
  readonly code: ExpressionErrorCode;
  readonly message: string;
}

/** `value` is undefined when the expression finds nothing. */
export type Evaluation = { readonly ok: true; readonly value: Json | undefined } | ExpressionError;

export interface Expression {
  readonly ok: true;
  readonly text: string;
  /** Ids of the steps it reads. */
  readonly steps: readonly string[];
  /** What it needs and makes, as far as that is plain without a value. */
  readonly outline: Outline;
  /** Never throws and never rejects; the scope is not changed. Same scope, same answer, however often it is asked. */
  evaluate(scope: unknown): Promise<Evaluation>;
}

const failure = (code: ExpressionErrorCode, message: string): ExpressionError => ({ ok: false, code, message });

const compiled = new Memo<Expression | ExpressionError>(512);

/**
 * Compiles a JSONata expression. Errors are values. The expression has no function from outside, no clock, no chance and no `$eval`;
 * its regular expressions run in linear time; time, work, depth and sizes are bounded (`expressionLimits`). On a scope that
 * is not small it is evaluated in a thread that can be ended.
 */
export function compileExpression(text: string): Expression | ExpressionError {
  if (text.length > expressionLimits.text) {
    return failure("expression_too_large", `an expression has at most ${expressionLimits.text} characters`);
  }
  return compiled.get(text, () => compile(text));
}

function compile(text: string): Expression | ExpressionError {
  if (text.trim() === "") return failure("expression_empty", "the expression is empty");
  let expression: jsonata.Expression;
  try {
    expression = boundedExpression(text);
  } catch (error) {
    return describe(error, "expression_syntax");
  }
  const inspection = inspectExpression(expression.ast());
  if (!inspection.ok) return failure(inspection.code, inspection.message);
  return {
    ok: true,
    text,
    steps: inspection.steps,
    outline: outlineOf(expression.ast()),
    evaluate: (scope) => (isSmall(scope, SMALL) ? evaluated(expression, scope) : evaluatedApart(text, scope)),
  };
}

async function evaluated(expression: jsonata.Expression, scope: unknown): Promise<Evaluation> {
  try {
    const raw: unknown = await expression.evaluate(scope);
    return raw === undefined ? { ok: true, value: undefined } : result(raw);
  } catch (error) {
    return describe(error, "expression_failed");
  }
}

/** Evaluates in the thread that asks, whatever the size of the scope: the work of a thread that can be ended. */
export async function evaluateHere(text: string, scope: unknown): Promise<Evaluation> {
  try {
    return await evaluated(boundedExpression(text), scope);
  } catch (error) {
    return describe(error, "expression_syntax");
  }
}

async function evaluatedApart(text: string, scope: unknown): Promise<Evaluation> {
  const done = await engines.run<Evaluation>("evaluate", { text, scope });
  if (done.ok) return done.value;
  return done.code === "timed_out"
    ? failure("expression_timed_out", "takes longer than an expression may")
    : failure("expression_too_large", "makes more data than one expression may");
}

function result(raw: unknown): Evaluation {
  if (containsFunction(raw)) return failure("result_not_json", "the result is a function, not a value");
  const value = boundedJson(raw, expressionLimits.result);
  if (value.ok) return value;
  return failure(value.code === "not_json" ? "result_not_json" : "result_too_large", `the result ${value.message}`);
}

/** JSONata's functions are objects that carry their whole environment. */
const containsFunction = (value: unknown): boolean =>
  isObject(value) && (value._jsonata_lambda === true || value._jsonata_function === true);

/** JSONata throws plain objects with code, message and position; a stack overflow of the parser is a RangeError. */
function describe(error: unknown, otherwise: ExpressionErrorCode): ExpressionError {
  if (error instanceof RangeError)
    return failure("expression_too_large", "the expression is nested too deeply or makes too much data");
  const { code, message, position, limit } = isObject(error) ? error : Object(error);
  const text = typeof message === "string" ? cutText(message, 300) : "unknown error";
  if (limit === true || code === "D1011" || code === "D2014" || code === "D2015")
    return failure("expression_too_large", text);
  if (code === "D1012")
    return failure("expression_timed_out", `takes longer than ${expressionLimits.time_ms} milliseconds`);
  return failure(otherwise, typeof position === "number" ? `${text} (at character ${position})` : text);
}
