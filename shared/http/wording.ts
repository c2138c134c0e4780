import type * as z from "zod";

type RawIssue = z.core.$ZodRawIssue;

/** Longest list of values that a refusal spells out. */
const MOST_VALUES = 20;

/**
 * What is wrong with a value, said so that it can stand behind the name of its place: `name` is missing. A schema that
 * has words of its own is asked first.
 */
export function wordingOf(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return issue.input === undefined
        ? "is missing"
        : `must be ${NOUNS[issue.expected] ?? issue.expected}, not ${kindOf(issue.input, issue.expected)}`;
    case "invalid_value":
      return issue.input === undefined ? "is missing" : `must be ${oneOf(issue.values)}`;
    case "too_small":
      return atLeast(Number(issue.minimum), issue.origin);
    case "too_big":
      return atMost(Number(issue.maximum), issue.origin);
    case "not_multiple_of":
      return `must be a multiple of ${issue.divisor}`;
    case "invalid_format":
      return `must be ${FORMATS[issue.format] ?? `like ${issue.pattern ?? issue.format}`}`;
    case "invalid_union":
      if (Array.isArray(issue.options) && issue.options.length > 0) return `must be ${oneOf(issue.options)}`;
      return issue.input === undefined ? "is missing" : "has none of the forms that are taken here";
    default:
      return undefined;
  }
}

const NOUNS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "a list",
  null: "null",
};

const FORMATS: Readonly<Record<string, string>> = {
  email: "an e-mail address",
  url: "an address like https://example.com/path",
  datetime: "a time like 2026-01-31T12:00:00Z",
  date: "a date like 2026-01-31",
};

function kindOf(value: unknown, expected: string): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (expected === "int" && typeof value === "number") return String(value);
  return NOUNS[typeof value] ?? typeof value;
}

function oneOf(items: readonly unknown[]): string {
  const shown = items.slice(0, MOST_VALUES).map((value) => `"${String(value)}"`);
  if (shown.length === 1) return shown[0] ?? "";
  return `one of ${shown.join(", ")}${items.length > MOST_VALUES ? ", …" : ""}`;
}

const characters = (count: number): string => (count === 1 ? "1 character" : `${count} characters`);
const entries = (count: number): string => (count === 1 ? "1 entry" : `${count} entries`);

function atLeast(minimum: number, origin: string): string {
  if (origin === "string") return minimum === 1 ? "must not be empty" : `must have at least ${characters(minimum)}`;
  if (origin === "array" || origin === "set")
    return minimum === 1 ? "must not be empty" : `must have at least ${entries(minimum)}`;
  return `must be at least ${minimum}`;
}

function atMost(maximum: number, origin: string): string {
  if (origin === "string") return `must have at most ${characters(maximum)}`;
  if (origin === "array" || origin === "set") return `must have at most ${entries(maximum)}`;
  return `must be at most ${maximum}`;
}
