import { type Condition, eachComparison } from "../../../../../shared/expressions/condition.ts";
import type { Outline } from "../../../../../shared/expressions/expression-outline.ts";
import { operatorNamed } from "../../../../../shared/expressions/operators.ts";
import { parsePath } from "../../../../../shared/expressions/paths.ts";
import { nothing } from "./joined.ts";
import {
  ANY,
  anyList,
  anyObject,
  anyText,
  closed,
  like,
  literal,
  mappedAt,
  meet,
  memberAt,
  NEVER,
  type Shape,
  union,
  words,
} from "./shape.ts";

/** A place that is read and where nothing can ever be. */
export interface Missing {
  readonly path: string;
  /** As far as there may be something, and what that is. */
  readonly up_to: string;
  readonly found: Shape;
}

/** What expressions see of the run, as a shape. */
export const runOf = (run_input: Shape): Shape => closed([["input", run_input]]);

/** What a node's expressions see, as a shape: `input`, `run.input`, and the outputs of steps. */
export const scopeOf = (input: Shape, run: Shape, steps: readonly (readonly [string, Shape])[]): Shape =>
  closed([
    ["input", input],
    ["run", run],
    ["steps", steps.length === 0 ? [anyObject] : [{ ...anyObject, members: outputsOf(steps) }]],
  ]);

const outputsOf = (steps: readonly (readonly [string, Shape])[]): ReadonlyMap<string, Shape> =>
  new Map(steps.map(([id, output]) => [id, closed([["output", output]])]));

type Step = (shape: Shape, segment: string) => Shape;

/** Expressions find what every object has of itself, too. */
const named: Step = (shape, name) => (name in Object.prototype ? ANY : mappedAt(shape, name));

/** What stands at a path, or where it ends. */
function follow(scope: Shape, segments: readonly string[], step: Step): Shape | Missing {
  let shape = scope;
  for (const [i, segment] of segments.entries()) {
    const next = step(shape, segment);
    if (next.length === 0)
      return { path: segments.slice(0, i + 1).join("."), up_to: segments.slice(0, i).join("."), found: shape };
    shape = next;
  }
  return shape;
}

const isMissing = (found: Shape | Missing): found is Missing => "path" in found;

/** What a path of a condition, or of what is taken of an input, finds. */
export const atPath = (scope: Shape, path: string): Shape | Missing => {
  const segments = parsePath(path);
  return segments === undefined ? ANY : follow(scope, segments, memberAt);
};

/** The places without which an expression, or a member that it makes, finds nothing, and which can never be there. */
export function missingIn(outline: Outline, scope: Shape): readonly Missing[] {
  switch (outline.kind) {
    case "path": {
      const found = follow(scope, outline.segments, named);
      return isMissing(found) ? [found] : [];
    }
    case "object":
      return outline.fields.flatMap(([, field]) => missingIn(field, scope));
    case "needs":
      return outline.parts.flatMap((part) => missingIn(part, scope));
    case "text": {
      // A text of alternatives, of which one is always empty, is none the worse for it.
      const parts = outline.parts.filter(({ kind }) => kind !== "literal");
      const missing = parts.map((part) => missingIn(part, scope));
      return missing.every((one) => one.length > 0) ? missing.flat() : [];
    }
    default:
      return [];
  }
}

/** What an expression finds, where it finds something. */
export function foundBy(outline: Outline, scope: Shape): Shape {
  switch (outline.kind) {
    case "literal":
      // Of its type: a constant that a graph chooses by is a switch, and no contradiction.
      return like(outline.value);
    case "text":
      return [anyText];
    case "object":
      return closed(outline.fields.map(([name, field]) => [name, foundBy(field, scope)]));
    case "path": {
      if (!outline.whole) return ANY;
      let listed = false;
      const found = follow(scope, outline.segments, (shape, name) => {
        listed ||= shape.some(({ type }) => type === "array");
        return named(shape, name);
      });
      if (isMissing(found)) return NEVER;
      // What comes of lists may be one of them, several, or none.
      return listed || found.some(({ type }) => type === "array") ? ANY : found;
    }
    default:
      return ANY;
  }
}

/** The same, with null in place of nothing: what a node emits of it. */
export const madeBy = (outline: Outline, scope: Shape): Shape => union(foundBy(outline, scope), nothing);

/** What a comparison may hold for, or more. */
function passes(op: string, value: unknown): Shape {
  const several = (values: unknown): Shape =>
    Array.isArray(values) ? union(...values.map((one: unknown) => literal(one))) : ANY;
  const ordered = (one: unknown): Shape =>
    typeof one === "number"
      ? [
          {
            type: "number",
            min: op.startsWith("g") ? one : -Infinity,
            max: op.startsWith("l") ? one : Infinity,
            whole: false,
          },
        ]
      : [anyText];
  switch (op) {
    case "eq":
      return literal(value);
    case "in":
      return several(value);
    case "gt":
    case "gte":
    case "lt":
    case "lte":
      return ordered(value);
    case "between":
      return Array.isArray(value) ? ordered(value[0]) : ANY;
    case "contains":
      return typeof value === "string" ? [anyText, anyList] : [anyList];
    case "starts_with":
    case "ends_with":
    case "matches":
      return [anyText];
    case "exists":
      return value === false ? NEVER : ANY;
    default:
      return ANY;
  }
}

type Verdict = "never" | "always" | "perhaps";

function verdictOf(condition: Condition, scope: Shape): Verdict {
  if ("all" in condition) return joined(condition.all, scope, "never", "always");
  if ("any" in condition) return joined(condition.any, scope, "always", "never");
  if ("not" in condition) {
    const inside = verdictOf(condition.not, scope);
    return inside === "never" ? "always" : inside === "always" ? "never" : "perhaps";
  }
  const { path, op, value } = condition;
  const found = atPath(scope, path);
  const without = operatorNamed(op)?.missing?.(value) ?? false;
  if (isMissing(found)) return without ? "always" : "never";
  return !without && meet(found, passes(op, value)).length === 0 ? "never" : "perhaps";
}

/** `one` decides alone; the other only where all parts say so. */
function joined(parts: readonly Condition[], scope: Shape, one: Verdict, all: Verdict): Verdict {
  const verdicts = parts.map((part) => verdictOf(part, scope));
  if (verdicts.includes(one)) return one;
  return verdicts.length > 0 && verdicts.every((verdict) => verdict === all) ? all : "perhaps";
}

/** Why a condition can never hold; undefined where it may. */
export function neverHolds(
  condition: Condition,
  scope: Shape,
): { readonly path: string; readonly why: string } | undefined {
  if (verdictOf(condition, scope) !== "never") return undefined;
  const reasons: { path: string; why: string }[] = [];
  eachComparison(condition, (comparison) => {
    const { path, op, value } = comparison;
    const found = atPath(scope, path);
    if (isMissing(found)) reasons.push({ path, why: `there is never anything at ${path}` });
    else if (verdictOf(comparison, scope) === "never") {
      const asked = value === undefined ? op : `${op} ${JSON.stringify(value)}`;
      reasons.push({ path, why: `${path} is ${words(found)}, of which none is ${asked}` });
    }
  });
  return reasons[0] ?? { path: "", why: "its parts exclude each other" };
}
