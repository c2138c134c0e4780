import { type OperatorName, operatorNamed, operators } from "../expressions/operators.ts";
import type { AttributeType } from "./attributes.ts";

/**
 * The operators of policies: those of every condition (`shared/expressions/operators.ts`) with what only policies have.
 * A missing value equals nothing here as there: `eq`, `in`, `gt` … do not hold, `ne`, `not_in` and `not_contains` do.
 * Null counts as missing.
 */

/** What stands on the right. */
export type Operand = "one" | "many" | "two" | "pattern" | "window" | "flag" | "none";

export interface PolicyOperator {
  readonly operand: Operand;
  /** In a sentence: `<attribute> <words> <value>`. */
  readonly words: string;
  /** The same of a list. */
  readonly words_of_list?: string;
  /** The operator that says the opposite, missing values included. */
  readonly opposite?: string;
}

export const policyOperators = {
  eq: { operand: "one", words: "is", opposite: "ne" },
  ne: { operand: "one", words: "is not", opposite: "eq" },
  gt: { operand: "one", words: "is greater than" },
  gte: { operand: "one", words: "is at least" },
  lt: { operand: "one", words: "is less than" },
  lte: { operand: "one", words: "is at most" },
  between: { operand: "two", words: "is between" },
  in: { operand: "many", words: "is one of", words_of_list: "include at least one of", opposite: "not_in" },
  not_in: { operand: "many", words: "is none of", words_of_list: "include none of", opposite: "in" },
  contains: { operand: "one", words: "contains", words_of_list: "include", opposite: "not_contains" },
  not_contains: {
    operand: "one",
    words: "does not contain",
    words_of_list: "do not include",
    opposite: "contains",
  },
  starts_with: { operand: "one", words: "starts with" },
  ends_with: { operand: "one", words: "ends with" },
  matches: { operand: "pattern", words: "matches" },
  exists: { operand: "flag", words: "is known", opposite: "not_exists" },
  not_exists: { operand: "none", words: "is not known", opposite: "exists" },
  is_empty: { operand: "flag", words: "is empty" },
  within: { operand: "window", words: "is within" },
} as const satisfies Record<string, PolicyOperator>;

export type PolicyOperatorName = keyof typeof policyOperators;

/** The operator of that name; never something inherited. */
export const policyOperator = (name: unknown): PolicyOperator | undefined =>
  typeof name === "string" && Object.hasOwn(policyOperators, name)
    ? policyOperators[name as PolicyOperatorName]
    : undefined;

const presence = ["exists", "not_exists"] as const;

/** Which operators an attribute has, by its type. */
export const operatorsOf: Readonly<Record<AttributeType, readonly PolicyOperatorName[]>> = {
  text: [
    ...(["eq", "ne", "in", "not_in", "contains", "not_contains", "starts_with", "ends_with", "matches"] as const),
    "is_empty",
    ...presence,
  ],
  texts: ["contains", "not_contains", "in", "not_in", "is_empty", ...presence],
  number: ["eq", "ne", "gt", "gte", "lt", "lte", "between", "in", "not_in", ...presence],
  flag: ["eq", "ne", ...presence],
  time: ["gt", "gte", "lt", "lte", "between", ...presence],
  date: ["eq", "ne", "gt", "gte", "lt", "lte", "between", "in", "not_in", ...presence],
  clock: ["within"],
  address: ["eq", "ne", "in", "not_in", ...presence],
};

/** Those that only compare with what the condition itself says: no other attribute can stand on the right. */
export const literalOnly: ReadonlySet<string> = new Set([
  "between",
  "matches",
  "within",
  "exists",
  "not_exists",
  "is_empty",
]);

/** How the shared operator of this name answers; for the names that policies add, how the one they are the opposite of does. */
export interface Test {
  readonly test: (actual: unknown, value: unknown) => boolean;
  readonly missing: (value: unknown) => boolean;
}

/** The test of one value, by the operator's name. `within` and addresses have tests of their own (`compile.ts`). */
export function testOf(op: string, type: AttributeType): Test | undefined {
  if (type === "texts" && (op === "in" || op === "not_in")) {
    const wanted = op === "in";
    return { test: (actual, value) => overlaps(actual, value) === wanted, missing: () => !wanted };
  }
  if (op === "not_contains") {
    const { test } = operators.contains;
    return { test: (actual, value) => !test(actual, value), missing: () => true };
  }
  if (op === "not_exists") return { test: () => false, missing: () => true };
  const shared = operatorNamed(op as OperatorName);
  return shared && { test: shared.test, missing: shared.missing ?? (() => false) };
}

const overlaps = (actual: unknown, value: unknown): boolean =>
  Array.isArray(actual) && Array.isArray(value) && actual.some((one) => value.includes(one));
