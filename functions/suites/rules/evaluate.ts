import { compileExpression } from "../../../shared/expressions/expression.ts";
import { conditionHolds } from "../../../shared/expressions/holds.ts";
import { canonicalJson, isObject, type Json } from "../../../shared/expressions/json.ts";
import { parsePath, readPath } from "../../../shared/expressions/paths.ts";
import { compileSchema } from "../../../shared/json-schema/schema.ts";
import { cutText } from "../../../shared/text.ts";
import { type Assertion, isJudged, type Judged } from "./assertions.ts";

/** What a case's run came to. */
export interface Measured {
  readonly status: string;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly input: Json;
  /** Undefined where the run has none. */
  readonly output: Json | undefined;
  readonly cost_usd_micros: number;
  readonly latency_ms: number | null;
}

/** What became of one assertion. */
export interface Checked {
  readonly kind: Assertion["kind"];
  /** Null where it could not be decided, or was not asked. */
  readonly passed: boolean | null;
  readonly message: string;
  readonly expected: string | null;
  readonly actual: string | null;
}

/** What a report shows of a value: texts of JSON beyond it are cut. */
export const SHOWN_CHARACTERS = 1_000;

/** A value as a report shows it; null for none. */
export const shown = (value: unknown): string | null =>
  value === undefined ? null : cutText(JSON.stringify(value) ?? "null", SHOWN_CHARACTERS);

/** Whether an assertion of this kind says how the run has to end. */
const saysEnd = (assertions: readonly Assertion[]): boolean => assertions.some(({ kind }) => kind === "status");

/**
 * Every assertion of a case but those that are judged, in order. One that expects the run to complete stands first where none says how
 * it ends and it has ended otherwise.
 */
export async function evaluate(assertions: readonly Assertion[], run: Measured): Promise<Checked[]> {
  const implied: readonly Assertion[] =
    saysEnd(assertions) || run.status === "completed" ? [] : [{ kind: "status", status: "completed" }];
  const checked: Checked[] = [];
  for (const assertion of [...implied, ...assertions]) {
    if (!isJudged(assertion)) checked.push(await one(assertion, run));
    else checked.push({ kind: "judged", passed: null, message: "was not asked", ...noValues });
  }
  return checked;
}

const noValues = { expected: null, actual: null };

/** What of the output an assertion looks at; undefined where there is nothing. */
export function lookedAt({ path }: { readonly path?: string | undefined }, output: Json | undefined): Json | undefined {
  if (path === undefined) return output;
  const segments = parsePath(path);
  return segments === undefined ? undefined : (readPath(output, segments) as Json | undefined);
}

async function one(assertion: Exclude<Assertion, Judged>, run: Measured): Promise<Checked> {
  const { kind } = assertion;
  const say = (passed: boolean | null, message: string, expected?: unknown, actual?: unknown): Checked => ({
    kind,
    passed,
    message: cutText(message, SHOWN_CHARACTERS),
    expected: shown(expected),
    actual: shown(actual),
  });
  switch (assertion.kind) {
    case "equals":
    case "not_equals":
    case "contains":
    case "not_contains": {
      const actual = lookedAt(assertion, run.output);
      const wanted = !kind.startsWith("not_");
      const holds = kind.endsWith("equals") ? same(actual, assertion.value) : contains(actual, assertion.value);
      return say(holds === wanted, words[assertion.kind](holds === wanted), assertion.value, actual);
    }
    case "matches": {
      const actual = lookedAt(assertion, run.output);
      if (typeof actual !== "string") return say(false, "is no text", assertion.pattern, actual);
      const found = await conditionHolds({ path: "text", op: "matches", value: assertion.pattern }, { text: actual });
      if (!found.ok) return say(null, "takes too long to search", assertion.pattern, actual);
      return say(found.value, found.value ? "matches" : "does not match", assertion.pattern, actual);
    }
    case "condition": {
      const actual = lookedAt(assertion, run.output);
      const scope = { ...(actual === undefined ? {} : { input: actual }), run: { input: run.input } };
      const found = await conditionHolds(assertion.condition, scope);
      if (!found.ok) return say(null, "takes too long to decide", assertion.condition, actual);
      return say(found.value, found.value ? "holds" : "does not hold", assertion.condition, actual);
    }
    case "json_path": {
      const compiled = compileExpression(assertion.expression);
      const found = compiled.ok ? await compiled.evaluate(scopeOf(run)) : compiled;
      if (!found.ok) return say(null, found.message, assertion.equals);
      const holds =
        assertion.equals === undefined
          ? found.value !== undefined && found.value !== null && found.value !== false
          : same(found.value, assertion.equals);
      return say(holds, holds ? "finds it" : "finds something else", assertion.equals, found.value);
    }
    case "json_schema": {
      const actual = lookedAt(assertion, run.output);
      const compiled = compileSchema(assertion.schema);
      if (!compiled.ok) return say(null, "the schema cannot be used", assertion.schema);
      const issues =
        actual === undefined ? [{ path: "", message: "There is nothing." }] : await compiled.validate(actual);
      const told = issues.map(({ path, message }) => (path === "" ? message : `${path}: ${message}`)).join(" ");
      return say(issues.length === 0, issues.length === 0 ? "fits the schema" : told, assertion.schema, actual);
    }
    case "max_cost_usd_micros": {
      const { value } = assertion;
      const holds = run.cost_usd_micros <= value;
      return say(holds, holds ? "costs no more" : "costs more", value, run.cost_usd_micros);
    }
    case "max_latency_ms": {
      const { value } = assertion;
      const holds = run.latency_ms !== null && run.latency_ms <= value;
      return say(holds, holds ? "takes no longer" : "takes longer", value, run.latency_ms);
    }
    case "status": {
      const { status, code } = assertion;
      const actual = code === undefined ? run.status : `${run.status} ${run.error?.code ?? ""}`.trim();
      const holds = run.status === status && (code === undefined || run.error?.code === code);
      const why = run.error === null ? "" : `: ${run.error.message}`;
      const message = holds ? `ends as ${run.status}` : `ends as ${run.status}${why}`;
      return say(holds, message, code === undefined ? status : `${status} ${code}`, actual);
    }
  }
}

const words = {
  equals: (holds) => (holds ? "is equal" : "is not equal"),
  not_equals: (holds) => (holds ? "is not equal" : "is equal"),
  contains: (holds) => (holds ? "contains it" : "does not contain it"),
  not_contains: (holds) => (holds ? "does not contain it" : "contains it"),
} as const satisfies Record<string, (holds: boolean) => string>;

const scopeOf = ({ input, output }: Measured) => ({ input, ...(output === undefined ? {} : { output }) });

/** Whether two values of JSON are the same, whatever the order of members. */
export const same = (a: Json | undefined, b: Json | undefined): boolean =>
  a !== undefined && b !== undefined && canonicalJson(a) === canonicalJson(b);

/** A text in a text, an item in a list, all members in an object. */
export function contains(whole: Json | undefined, part: Json): boolean {
  if (typeof whole === "string") return typeof part === "string" && whole.includes(part);
  if (Array.isArray(whole)) return whole.some((item: Json) => same(item, part));
  if (!isObject(whole) || !isObject(part)) return false;
  return Object.entries(part).every(
    ([name, member]) => Object.hasOwn(whole, name) && same(whole[name] as Json, member as Json),
  );
}
