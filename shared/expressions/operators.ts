import * as z from "zod";
import { isTrusted } from "../bounded/trusted.ts";
import { compilePattern, MAX_PATTERN } from "./regex.ts";

const text = z.string().max(1_000);
const scalar = z.union([text, z.number(), z.boolean(), z.null()]);
const ordered = z.union([text, z.number()]);
const several = z.array(scalar).min(1).max(1_000);
const flag = z.boolean().optional();
const range = z
  .tuple([ordered, ordered])
  .refine(
    ([low, high]) => typeof low === typeof high && low <= high,
    "must be two numbers or two texts, the lower one first",
  );
/** A regular expression that runs in linear time. */
export const patternSchema = z
  .string()
  .min(1)
  .max(MAX_PATTERN)
  .superRefine((source, context) => {
    if (isTrusted()) return;
    const compiled = compilePattern(source);
    if (!compiled.ok) context.addIssue({ code: "custom", message: compiled.message, input: source });
  });

interface Operator {
  /** What `value` must be. */
  readonly value: z.ZodType;
  /** In the words of a reader: `<path> <words> <value>`. */
  readonly words: string;
  /** Decides for a value that was found. Total: a value of another type is a plain no. */
  test(actual: unknown, value: unknown): boolean;
  /** The answer when there is nothing at the path. False unless given: a missing value equals nothing. */
  missing?(value: unknown): boolean;
}

/** -1, 0 or 1 for two numbers or two texts (by code unit, which orders RFC 3339 times in UTC); undefined for anything else. */
function compare(a: unknown, b: unknown): number | undefined {
  if ((typeof a === "number" && typeof b === "number") || (typeof a === "string" && typeof b === "string")) {
    return a < b ? -1 : a > b ? 1 : 0;
  }
  return undefined;
}

const holds = (result: number | undefined, accept: (result: number) => boolean) =>
  result !== undefined && accept(result);
const includes = (list: unknown, item: unknown) => Array.isArray(list) && list.includes(item);
const isEmpty = (value: unknown) =>
  value === null ||
  value === "" ||
  (Array.isArray(value) && value.length === 0) ||
  (typeof value === "object" && !Array.isArray(value) && Object.keys(value).length === 0);

/** Every operator of the condition language. The schema, the evaluator and the documentation derive from this table. */
export const operators = {
  eq: { value: scalar, words: "is", test: (actual, value) => actual === value },
  ne: { value: scalar, words: "is not", test: (actual, value) => actual !== value, missing: () => true },
  gt: {
    value: ordered,
    words: "is greater than",
    test: (actual, value) => holds(compare(actual, value), (r) => r > 0),
  },
  gte: { value: ordered, words: "is at least", test: (actual, value) => holds(compare(actual, value), (r) => r >= 0) },
  lt: { value: ordered, words: "is less than", test: (actual, value) => holds(compare(actual, value), (r) => r < 0) },
  lte: { value: ordered, words: "is at most", test: (actual, value) => holds(compare(actual, value), (r) => r <= 0) },
  in: { value: several, words: "is one of", test: (actual, value) => includes(value, actual) },
  not_in: {
    value: several,
    words: "is none of",
    test: (actual, value) => !includes(value, actual),
    missing: () => true,
  },
  contains: {
    value: scalar,
    words: "contains",
    test: (actual, value) =>
      typeof actual === "string" ? typeof value === "string" && actual.includes(value) : includes(actual, value),
  },
  starts_with: {
    value: text,
    words: "starts with",
    test: (actual, value) => typeof actual === "string" && typeof value === "string" && actual.startsWith(value),
  },
  ends_with: {
    value: text,
    words: "ends with",
    test: (actual, value) => typeof actual === "string" && typeof value === "string" && actual.endsWith(value),
  },
  matches: {
    value: patternSchema,
    words: "matches somewhere (anchor with ^ and $)",
    test: (actual, value) => {
      if (typeof actual !== "string" || typeof value !== "string") return false;
      const compiled = compilePattern(value);
      return compiled.ok && compiled.regex.test(actual);
    },
  },
  exists: {
    value: flag,
    words: "exists",
    test: (_actual, value) => value !== false,
    missing: (value) => value === false,
  },
  is_empty: {
    value: flag,
    words: "is missing, null, an empty text, list or object",
    test: (actual, value) => isEmpty(actual) === (value !== false),
    missing: (value) => value !== false,
  },
  between: {
    value: range,
    words: "is between, both ends included",
    test: (actual, value) =>
      Array.isArray(value) &&
      holds(compare(actual, value[0]), (r) => r >= 0) &&
      holds(compare(actual, value[1]), (r) => r <= 0),
  },
} as const satisfies Record<string, Operator>;

export type OperatorName = keyof typeof operators;

/** The operator of that name, or undefined for a name that is none (never something inherited). */
export function operatorNamed(name: string): Operator | undefined {
  return Object.hasOwn(operators, name) ? operators[name as OperatorName] : undefined;
}
