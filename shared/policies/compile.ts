import { networkTest } from "../access/networks.ts";
import { isObject } from "../expressions/json.ts";
import { compilePattern } from "../expressions/regex.ts";
import { type Attribute, attributes } from "./attributes.ts";
import { type Facts, readerOf } from "./facts.ts";
import { isAlways, MAX_POLICY_DEPTH, type PolicyComparison, type PolicyConditions, type Window } from "./language.ts";
import { type LocalTime, minutesOf } from "./local-time.ts";
import { operatorsOf, testOf } from "./operators.ts";

/** Whether conditions hold for a request. Throws where it cannot be told: then nothing is allowed. */
export type Predicate = (facts: Facts) => boolean;

/** Texts longer than this are matched with no pattern: time grows with them. No attribute that we know is so long. */
const MAX_MATCHED = 8_000;

/**
 * Makes one function of conditions, with every path, pattern, network and window worked out once.
 * @throws for conditions that are none, which `checkConditions` would not have let through
 */
export function compileConditions(conditions: PolicyConditions): Predicate {
  return isAlways(conditions) ? () => true : compilePart(conditions, 1);
}

function compilePart(part: unknown, depth: number): Predicate {
  if (depth > MAX_POLICY_DEPTH || !isObject(part)) throw new Error("not a condition");
  if ("all" in part) return allOf(compileMany(part.all, depth));
  if ("any" in part) return anyOf(compileMany(part.any, depth));
  if ("not" in part) {
    const inside = compilePart(part.not, depth + 1);
    return (facts) => !inside(facts);
  }
  return compileComparison(part as unknown as PolicyComparison);
}

function compileMany(parts: unknown, depth: number): readonly Predicate[] {
  if (!Array.isArray(parts) || parts.length === 0) throw new Error("a group without conditions");
  return parts.map((part) => compilePart(part, depth + 1));
}

// Two are by far the most frequent number, and cost no loop.
function allOf(parts: readonly Predicate[]): Predicate {
  const [first, second] = parts;
  if (first !== undefined && second === undefined) return first;
  if (first !== undefined && second !== undefined && parts.length === 2)
    return (facts) => first(facts) && second(facts);
  return (facts) => {
    for (const part of parts) if (!part(facts)) return false;
    return true;
  };
}

function anyOf(parts: readonly Predicate[]): Predicate {
  const [first, second] = parts;
  if (first !== undefined && second === undefined) return first;
  if (first !== undefined && second !== undefined && parts.length === 2)
    return (facts) => first(facts) || second(facts);
  return (facts) => {
    for (const part of parts) if (part(facts)) return true;
    return false;
  };
}

function compileComparison({ path, op, value, zone }: PolicyComparison): Predicate {
  const attribute = attributes.get(path);
  if (attribute === undefined) throw new Error(`there is no attribute ${path}`);
  if (!(operatorsOf[attribute.type] as readonly string[]).includes(op))
    throw new Error(`${path} has no operator ${op}`);
  const read = readerOf(path, zone);
  if (isObject(value) && value.$ref === "attribute") return againstAttribute(path, op, attribute, value.path);
  const { test, missing } = testWith(attribute, op, literalOf(value));
  return (facts) => {
    const actual = read(facts);
    return actual === undefined || actual === null ? missing : test(actual);
  };
}

/** Both have to be there: what is missing equals nothing, on either side. */
function againstAttribute(path: string, op: string, { type }: Attribute, other: unknown): Predicate {
  const tests = testOf(op, type);
  if (tests === undefined || typeof other !== "string" || !attributes.has(other))
    throw new Error(`no reference for ${op}`);
  const [left, right] = [readerOf(path), readerOf(other)];
  const { test } = tests;
  const missing = tests.missing(undefined);
  return (facts) => {
    const actual = left(facts);
    if (actual === undefined || actual === null) return missing;
    const wanted = right(facts);
    return wanted === undefined || wanted === null ? missing : test(actual, wanted);
  };
}

/** What a literal value stands for: of a reference to things, their ids. */
export function literalOf(value: unknown): unknown {
  if (!isObject(value) || value.$ref !== "resource") return value;
  return value.ids ?? value.id;
}

interface Bound {
  readonly test: (actual: unknown) => boolean;
  readonly missing: boolean;
}

function testWith({ type }: Attribute, op: string, value: unknown): Bound {
  if (type === "clock") return { test: windowTest(value as Window), missing: false };
  if (type === "address" && op !== "exists" && op !== "not_exists") return addressTest(op, value);
  if (op === "matches") return { test: patternTest(value), missing: false };
  const tests = testOf(op, type);
  if (tests === undefined) throw new Error(`there is no operator ${op}`);
  const { test } = tests;
  const missing = tests.missing(value);
  // The two that nearly all conditions consist of are written out, in the words of `shared/expressions/operators.ts`.
  if (op === "eq") return { test: (actual) => actual === value, missing };
  if (op === "ne") return { test: (actual) => actual !== value, missing };
  return { test: (actual) => test(actual, value), missing };
}

function addressTest(op: string, value: unknown): Bound {
  const inside = networkTest(Array.isArray(value) ? value : [String(value)]);
  const wanted = op === "eq" || op === "in";
  return { test: (actual) => (typeof actual === "string" && inside(actual)) === wanted, missing: !wanted };
}

function patternTest(value: unknown): (actual: unknown) => boolean {
  let compiled: ReturnType<typeof compilePattern> | undefined;
  return (actual) => {
    if (typeof actual !== "string") return false;
    if (actual.length > MAX_MATCHED) throw new Error(`a text of ${actual.length} characters is too long for a pattern`);
    // The engine of patterns is loaded when the first one is asked for.
    compiled ??= compilePattern(String(value));
    if (!compiled.ok) throw new Error(compiled.message);
    return compiled.regex.test(actual);
  };
}

/** Over midnight a window belongs to the day on which it begins: its morning is that of the day after. */
function windowTest({ from, to, weekdays }: Window): (actual: unknown) => boolean {
  const [first, last] = [minutesOf(from), minutesOf(to)];
  if (first === undefined || last === undefined) throw new Error("not a window");
  const begins = (weekday: number): boolean => weekdays === undefined || weekdays.includes(weekday);
  return (actual) => {
    const { minute_of_day, weekday } = actual as LocalTime;
    if (first < last) return minute_of_day >= first && minute_of_day < last && begins(weekday);
    if (minute_of_day >= first) return begins(weekday);
    return minute_of_day < last && begins(weekday === 1 ? 7 : weekday - 1);
  };
}
