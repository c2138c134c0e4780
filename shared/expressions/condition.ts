import * as z from "zod";
import { isObject } from "./json.ts";
import { type OperatorName, operatorNamed, operators } from "./operators.ts";
import { graphPaths, type PathRule, parsePath, pathSchema, readPath } from "./paths.ts";

/** Deepest nesting of all, any and not. */
export const MAX_CONDITION_DEPTH = 8;
/** Most comparisons and groups in one condition. */
export const MAX_CONDITION_PARTS = 100;

export interface Comparison {
  readonly path: string;
  readonly op: OperatorName;
  readonly value?: unknown;
}

/** `{all: […]}`, `{any: […]}`, `{not: …}` or `{path, op, value}`. */
export type Condition =
  | { readonly all: readonly Condition[] }
  | { readonly any: readonly Condition[] }
  | { readonly not: Condition }
  | Comparison;

/** The conditions directly inside a group; none in a comparison. */
function inner(condition: Condition): readonly Condition[] {
  if ("all" in condition) return condition.all;
  if ("any" in condition) return condition.any;
  if ("not" in condition) return [condition.not];
  return [];
}

/** Calls `visit` for each comparison. */
export function eachComparison(condition: Condition, visit: (comparison: Comparison) => void): void {
  if ("path" in condition) visit(condition);
  for (const part of inner(condition)) eachComparison(part, visit);
}

function measure(condition: Condition): { depth: number; parts: number } {
  const below = inner(condition).map(measure);
  return {
    depth: 1 + below.reduce((deepest, part) => Math.max(deepest, part.depth), 0),
    parts: 1 + below.reduce((total, part) => total + part.parts, 0),
  };
}

const shapes = 'must be {"all": […]}, {"any": […]}, {"not": {…}} or {"path": …, "op": …, "value": …}';

/** Picks the problems of the shape that was meant: a union alone would only say that none of four fits. */
function meant(input: unknown, options: readonly (readonly z.core.$ZodIssue[])[]): string {
  const order = ["all", "any", "not", "path"];
  const index = isObject(input) ? order.findIndex((key) => Object.hasOwn(input, key)) : -1;
  const issues = options[index];
  if (issues === undefined || issues.length === 0) return shapes;
  return issues
    .map((issue) => (issue.path.length > 0 ? `${issue.path.join(".")}: ${issue.message}` : issue.message))
    .join("; ");
}

/** The schema of conditions whose paths follow a rule. `id`: its name in the API's documentation. */
export function conditionSchemaFor(rule: PathRule, id: string): z.ZodType<Condition> {
  const path = pathSchema(rule);
  const comparisons = Object.entries(operators).map(([op, { value, words }]) =>
    z.strictObject({ path, op: z.literal(op).meta({ description: words }), value }),
  );
  const [first, ...rest] = comparisons;
  if (first === undefined) throw new Error("there are no operators");
  const comparison = z
    .discriminatedUnion("op", [first, ...rest], {
      error: () => `op must be one of ${Object.keys(operators).join(", ")}`,
    })
    .meta({ id: `${id}Comparison`, description: "Compares what stands at a path." });
  const many = () => z.array(group).min(1).max(MAX_CONDITION_PARTS);
  const all = z
    .strictObject({
      get all(): z.ZodType<Condition[]> {
        return many();
      },
    })
    .meta({ id: `${id}All`, description: "All of them hold." });
  const any = z
    .strictObject({
      get any(): z.ZodType<Condition[]> {
        return many();
      },
    })
    .meta({ id: `${id}Any`, description: "At least one of them holds." });
  const not = z
    .strictObject({
      get not(): z.ZodType<Condition> {
        return group;
      },
    })
    .meta({ id: `${id}Not`, description: "It does not hold." });
  const group: z.ZodType<Condition> = z
    .union([all, any, not, comparison], {
      error: (issue) => meant(issue.input, issue.code === "invalid_union" ? issue.errors : []),
    })
    .meta({ id, description: "A typed condition." }) as z.ZodType<Condition>;
  return group.superRefine((condition, context) => {
    const { depth, parts } = measure(condition);
    if (depth > MAX_CONDITION_DEPTH) {
      context.addIssue({
        code: "custom",
        message: `is nested deeper than ${MAX_CONDITION_DEPTH} levels`,
        input: condition,
      });
    }
    if (parts > MAX_CONDITION_PARTS) {
      context.addIssue({ code: "custom", message: `has more than ${MAX_CONDITION_PARTS} parts`, input: condition });
    }
  });
}

/** Conditions of a pipeline's graph. */
export const conditionSchema = conditionSchemaFor(graphPaths, "Condition");

/**
 * Whether the condition holds in the scope. Total and pure: whatever the scope holds, the answer is true or false and never an error.
 * A missing value equals nothing: `eq`, `in`, `gt`, `contains`… are false, `ne` and `not_in` are true, `is_empty` is true.
 * Values of different types are never equal and have no order. Something that is no condition never holds, not even under a `not`.
 */
export function evaluate(condition: Condition, scope: unknown): boolean {
  return holds(condition, scope, 0) === true;
}

/** Undefined when the condition, or a part of it, is malformed: unlike false, that survives a `not`. */
function holds(condition: unknown, scope: unknown, depth: number): boolean | undefined {
  if (depth > MAX_CONDITION_DEPTH || !isObject(condition)) return undefined;
  if ("all" in condition) return combined(condition.all, scope, depth, (parts) => parts.every(Boolean));
  if ("any" in condition) return combined(condition.any, scope, depth, (parts) => parts.some(Boolean));
  if ("not" in condition) {
    const inside = holds(condition.not, scope, depth + 1);
    return inside === undefined ? undefined : !inside;
  }
  if (typeof condition.op !== "string" || typeof condition.path !== "string") return undefined;
  const operator = operatorNamed(condition.op);
  const segments = parsePath(condition.path);
  if (operator === undefined || segments === undefined) return undefined;
  const actual = readPath(scope, segments);
  return actual === undefined ? (operator.missing?.(condition.value) ?? false) : operator.test(actual, condition.value);
}

function combined(parts: unknown, scope: unknown, depth: number, join: (answers: readonly boolean[]) => boolean) {
  if (!Array.isArray(parts)) return undefined;
  const answers: boolean[] = [];
  for (const part of parts) {
    const answer = holds(part, scope, depth + 1);
    if (answer === undefined) return undefined;
    answers.push(answer);
  }
  return join(answers);
}
