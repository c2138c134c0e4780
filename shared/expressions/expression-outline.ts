import { isObject } from "./json.ts";

/**
 * What can be said of an expression without a value: what it needs to find something, and what it makes then. `any` where
 * nothing is said. Only parts that are evaluated whenever the expression is stand in it: what comes after a `?`, or is asked
 * with `$exists`, may well be missing.
 */
export type Outline =
  /** A path from the top of the scope. `whole`: it is nothing but these names; else it goes on from what they find. */
  | { readonly kind: "path"; readonly segments: readonly string[]; readonly whole: boolean }
  | { readonly kind: "object"; readonly fields: readonly (readonly [string, Outline])[] }
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  /** A text of parts. A part that finds nothing is an empty text. */
  | { readonly kind: "text"; readonly parts: readonly Outline[] }
  /** Something that is nothing where one of its parts is nothing. */
  | { readonly kind: "needs"; readonly parts: readonly Outline[] }
  | { readonly kind: "any" };

const any: Outline = { kind: "any" };

/** Functions that find nothing where their first argument is nothing. */
const strict = new Set([
  "sum",
  "max",
  "min",
  "average",
  "uppercase",
  "lowercase",
  "trim",
  "length",
  "number",
  "round",
  "floor",
  "ceil",
  "abs",
  "split",
  "substring",
]);
const arithmetic = new Set(["+", "-", "*", "/", "%"]);

/** Deeper than this nothing is said. */
const MAX_DEPTH = 16;

/** The outline of a parsed expression. */
export function outlineOf(ast: unknown, depth = 0): Outline {
  if (!isObject(ast) || depth > MAX_DEPTH || ast.group !== undefined || ast.predicate !== undefined) return any;
  const part = (node: unknown): Outline => outlineOf(node, depth + 1);
  switch (ast.type) {
    case "string":
    case "number":
    case "value":
      return scalar(ast.value);
    case "path":
      return Array.isArray(ast.steps) ? pathOf(ast.steps) : any;
    case "block": {
      const [only, ...more]: unknown[] = Array.isArray(ast.expressions) ? ast.expressions : [];
      return more.length === 0 ? part(only) : any;
    }
    case "unary":
      if (ast.value === "-") return { kind: "needs", parts: [part(ast.expression)] };
      return ast.value === "{" && Array.isArray(ast.lhs) ? objectOf(ast.lhs, part) : any;
    case "binary": {
      const parts = [part(ast.lhs), part(ast.rhs)];
      if (ast.value === "&")
        return { kind: "text", parts: parts.flatMap((one) => (one.kind === "text" ? one.parts : [one])) };
      return typeof ast.value === "string" && arithmetic.has(ast.value) ? { kind: "needs", parts } : any;
    }
    case "function": {
      const { procedure, arguments: given } = ast;
      const known = isObject(procedure) && procedure.type === "variable" && strict.has(String(procedure.value));
      return known && Array.isArray(given) && given.length > 0 ? { kind: "needs", parts: [part(given[0])] } : any;
    }
    default:
      return any;
  }
}

const scalar = (value: unknown): Outline =>
  value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? { kind: "literal", value }
    : any;

/** An object whose names are written out, each once. */
function objectOf(pairs: readonly unknown[], part: (node: unknown) => Outline): Outline {
  const fields = new Map<string, Outline>();
  for (const pair of pairs) {
    const [key, value]: unknown[] = Array.isArray(pair) ? pair : [];
    if (!isObject(key) || key.type !== "string" || typeof key.value !== "string" || fields.has(key.value)) return any;
    fields.set(key.value, part(value));
  }
  return { kind: "object", fields: [...fields] };
}

/** The names at the beginning of a path, from the top of the scope. */
function pathOf(steps: readonly unknown[]): Outline {
  const [first] = steps;
  const top = isObject(first) && first.type === "variable" && (first.value === "" || first.value === "$");
  const segments: string[] = [];
  for (const step of top ? steps.slice(1) : steps) {
    if (!isObject(step) || step.type !== "name" || typeof step.value !== "string" || "focus" in step || "index" in step)
      break;
    segments.push(step.value);
    // What is picked of a list has the members of the list, so the names go on; what comes out is not the whole of it.
  }
  if (segments.length === 0) return any;
  const plain = (step: unknown) => isObject(step) && !("stages" in step || "predicate" in step || "keepArray" in step);
  const whole = segments.length === steps.length - (top ? 1 : 0) && steps.every(plain);
  return { kind: "path", segments, whole };
}
