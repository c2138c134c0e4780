import type jsonata from "jsonata";
import { jsonata as parser } from "../engines/packages.ts";
import { removedFunctionNames } from "./expression-ast.ts";
import { boundedJson, canonicalJson } from "./json.ts";
import { compilePattern } from "./regex.ts";

/** Bounds of one evaluation. Time is the last resort: the others come first and do not depend on the machine. */
export const expressionLimits = {
  /** Characters of the expression's text. */
  text: 8_192,
  /** Milliseconds. Even a slow machine meets another bound before. */
  time_ms: 10_000,
  /** Evaluated parts. A loop of 100,000 rounds with a small body is within it. */
  work: 500_000,
  /** Nested calls. */
  depth: 20_000,
  /** Members of one list. */
  sequence: 100_000,
  /** Characters of one text while evaluating. */
  string: 1_000_000,
  /** Characters of text and eightfold members of lists made in one evaluation, kept or not. */
  memory: 64_000_000,
  /** The result. */
  result: { depth: 32, size: 1_000_000 },
} as const;

/** The way JSONata wants errors thrown: the text of D3137 is its `message`. */
const refusal = (message: string) => ({ code: "D3137", limit: true, message });

/** A regular expression as JSONata uses it, on the linear-time engine. */
class LinearRegex {
  lastIndex = 0;
  readonly #source: string;
  readonly #flags: string;

  constructor(native: RegExp) {
    this.#source = native.source;
    this.#flags = native.flags;
  }

  exec(text: string): RegExpExecArray | null {
    const compiled = compilePattern(this.#source, this.#flags);
    if (!compiled.ok) throw refusal(compiled.message);
    const matcher = compiled.regex.matcher(text);
    if (this.lastIndex > text.length || !matcher.find(this.lastIndex)) {
      this.lastIndex = 0;
      return null;
    }
    this.lastIndex = matcher.end();
    const groups = Array.from({ length: matcher.groupCount() + 1 }, (_, index) => matcher.group(index) ?? undefined);
    return Object.assign(groups, { index: matcher.start(), input: text }) as RegExpExecArray;
  }
}

const isoTime = /^\d{4}(-[01]\d)?(-[0-3]\d)?(T[0-2]\d:[0-5]\d:[0-5]\d)?(\.\d+)?([+-][0-2]\d:?[0-5]\d|Z)?$/;

type Implementation = Parameters<jsonata.Expression["registerFunction"]>[1];

/** Replacements of built-in functions that could allocate or run without bounds inside one call. */
const bounded: readonly { name: string; signature: string; run: Implementation }[] = [
  {
    name: "pad",
    signature: "<s-ns?:s>",
    run: (text: string | undefined, width: number, fill?: string) => {
      if (text === undefined) return undefined;
      if (Math.abs(width) > expressionLimits.string) throw refusal("$pad: the width is too large");
      const missing = Math.abs(Math.trunc(width)) - [...text].length;
      if (missing <= 0) return text;
      const unit = [...(fill === undefined || fill === "" ? " " : fill)];
      const padding =
        unit.join("").repeat(Math.floor(missing / unit.length)) + unit.slice(0, missing % unit.length).join("");
      return width > 0 ? text + padding : padding + text;
    },
  },
  {
    name: "join",
    signature: "<a<s>s?:s>",
    run: (texts: readonly string[] | undefined, separator = "") => {
      if (texts === undefined) return undefined;
      const length = texts.reduce((total, text) => total + text.length + separator.length, 0);
      if (length > expressionLimits.string + separator.length) throw refusal("$join: the text is too large");
      return texts.join(separator);
    },
  },
  {
    // The library compares every member with every other.
    name: "distinct",
    signature: "<x:x>",
    run: (list: unknown) => {
      if (!Array.isArray(list) || list.length <= 1) return list;
      const known = new Map<string, unknown>();
      for (const member of list) {
        const value = boundedJson(member, { depth: 64, size: expressionLimits.string });
        if (!value.ok) throw refusal(`$distinct: a member ${value.message}`);
        const key = canonicalJson(value.value);
        if (!known.has(key)) known.set(key, member);
      }
      const result: unknown[] = [...known.values()];
      if ("sequence" in list) Object.defineProperty(result, "sequence", { value: true, enumerable: false });
      return result;
    },
  },
  {
    // Only ISO 8601: other pictures become native regular expressions and take what is missing from the clock.
    name: "toMillis",
    signature: "<s-:n>",
    run: (text: string | undefined) => {
      if (text === undefined) return undefined;
      if (!isoTime.test(text)) throw refusal("$toMillis takes ISO 8601 times only");
      return Date.parse(text);
    },
  },
];

interface Spent {
  work: number;
  memory: number;
}

/** Counts work and memory of each evaluation, keyed by the evaluation's own environment. */
function meter() {
  const spent = new WeakMap<object, Spent>();
  const makes = new Set(["function", "binary", "apply", "unary", "path", "descendant", "wildcard"]);
  return (part: { type: string }, _input: unknown, environment: { base: object }, result: unknown): void => {
    let account = spent.get(environment.base);
    if (account === undefined) {
      account = { work: 0, memory: 0 };
      spent.set(environment.base, account);
    }
    if (++account.work > expressionLimits.work) throw refusal(`takes more than ${expressionLimits.work} steps`);
    if (!makes.has(part.type)) return;
    if (typeof result === "string") {
      if (result.length > expressionLimits.string)
        throw refusal(`makes a text of more than ${expressionLimits.string} characters`);
      if (part.type !== "path") account.memory += result.length;
    } else if (Array.isArray(result)) account.memory += 8 * result.length;
    if (account.memory > expressionLimits.memory) throw refusal("makes more data than one expression may");
  };
}

/** Binding symbols is what JSONata offers for hooks; its types know names only. */
interface Bindable extends jsonata.Expression {
  assign(name: string | symbol, value: unknown): void;
}

/** The options as they are used: a regular expression engine needs a constructor and `exec`, not all of RegExp. */
type Parse = (text: string, options: object) => jsonata.Expression;

/** Parses the text with all bounds set. Throws what JSONata throws for a syntax error. */
export function boundedExpression(text: string): jsonata.Expression {
  const parse: Parse = parser().jsonata;
  const expression: Bindable = parse(text, {
    timeout: expressionLimits.time_ms,
    stack: expressionLimits.depth,
    sequence: expressionLimits.sequence,
    RegexEngine: LinearRegex,
  });
  for (const name of removedFunctionNames) expression.assign(name, undefined);
  for (const { name, signature, run } of bounded) expression.registerFunction(name, run, signature);
  expression.assign(Symbol.for("jsonata.__evaluate_exit"), meter());
  return expression;
}
