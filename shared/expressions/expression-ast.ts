import { isObject } from "./json.ts";
import { compilePattern } from "./regex.ts";

/** Most parts (names, operators, calls…) in one expression. */
const MAX_PARTS = 5_000;

/**
 * Functions that an expression cannot call, and what to do instead. A step may be evaluated again after a crash and must then give
 * the same answer, so the clock and chance are out; so is whatever evaluates text as code or runs in more than linear time.
 */
const removedFunctions: ReadonlyMap<string, string> = new Map([
  ["eval", "text is never evaluated as code"],
  ["now", "pass a time in the run's input"],
  ["millis", "pass a time in the run's input"],
  ["random", "pass a random value in the run's input"],
  ["shuffle", "pass the order in the run's input"],
  ["parseInteger", "use $number"],
]);

export const removedFunctionNames: readonly string[] = [...removedFunctions.keys()];

export type Inspection =
  | { readonly ok: true; readonly steps: readonly string[] }
  | { readonly ok: false; readonly code: "expression_forbidden" | "expression_too_large"; readonly message: string };

const contextual = new Set(["predicate", "stages", "group", "terms", "pattern", "update", "delete"]);
const stepsMustBeNamed =
  "`steps` must be followed by the id of a node: steps.<node id>.output (an id with `-` in backticks)";

/**
 * Walks a parsed expression: finds the steps it reads, and refuses what must not run.
 * Only `steps.<id>` at the top of the scope is a reference to a step; inside `items.( … )` or `items[ … ]` the same words name a member of an item.
 */
export function inspectExpression(ast: unknown): Inspection {
  const steps = new Set<string>();
  const stack: { node: unknown; root: boolean }[] = [{ node: ast, root: true }];
  const seen = new Set<object>();
  let parts = 0;
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    const { node, root } = top;
    if (Array.isArray(node)) {
      for (const member of node) stack.push({ node: member, root });
      continue;
    }
    if (!isObject(node) || seen.has(node)) continue;
    seen.add(node);
    if (++parts > MAX_PARTS)
      return { ok: false, code: "expression_too_large", message: `has more than ${MAX_PARTS} parts` };
    const problem = forbidden(node);
    if (problem !== undefined) return { ok: false, code: "expression_forbidden", message: problem };
    if (node.type === "path" && Array.isArray(node.steps)) {
      const [first, ...rest]: unknown[] = node.steps;
      const step = stepReference(node.steps, root);
      if (step === null) return { ok: false, code: "expression_forbidden", message: stepsMustBeNamed };
      if (step !== undefined) steps.add(step);
      stack.push({ node: first, root });
      for (const member of rest) stack.push({ node: member, root: false });
    }
    for (const [key, value] of Object.entries(node)) {
      if (typeof value !== "object" || value instanceof RegExp || (node.type === "path" && key === "steps")) continue;
      stack.push({ node: value, root: root && !contextual.has(key) });
    }
  }
  return { ok: true, steps: [...steps].sort() };
}

function forbidden(node: { readonly [key: string]: unknown }): string | undefined {
  if (node.type === "variable" && typeof node.value === "string") {
    const instead = removedFunctions.get(node.value);
    if (instead !== undefined) return `$${node.value} is not available: ${instead}`;
  }
  if (node.type === "regex" && node.value instanceof RegExp) {
    const compiled = compilePattern(node.value.source, node.value.flags);
    if (!compiled.ok) return compiled.message;
  }
  return undefined;
}

/** The step that a path reads; undefined when it reads none, null when it reads `steps` without naming one. */
function stepReference(path: readonly unknown[], root: boolean): string | null | undefined {
  const named = (index: number): string | undefined => {
    const part = path[index];
    return isObject(part) && part.type === "name" && typeof part.value === "string" ? part.value : undefined;
  };
  const [first] = path;
  const absolute =
    isObject(first) && first.type === "variable" && (first.value === "$" || (first.value === "" && root));
  if (!absolute && !root) return undefined;
  const at = absolute ? 1 : 0;
  if (named(at) !== "steps") return undefined;
  return named(at + 1) ?? null;
}
