import type { Schema } from "@cfworker/json-schema";
import { re2 } from "../engines/packages.ts";
import {
  formats,
  keywordShapes,
  refusedKeywords,
  schemaKeywords,
  schemaListKeywords,
  schemaMapKeywords,
} from "./keywords.ts";

/** Bounds of one schema. Validation time is at most their product with the bounds of the value. */
export const schemaLimits = {
  /** JSON text of the schema in characters. */
  text: 65_536,
  /** Schemas inside, each $ref counted with all that it brings in. */
  nodes: 2_000,
  depth: 32,
  pattern: 256,
  patterns: 100,
  unique_items: 10,
} as const;

export type SchemaIssue = { path: string; message: string };

export type TextCheck = (text: string) => boolean;

export type Normalized = { schema: Schema | boolean; checks: Map<string, TextCheck>; issues: SchemaIssue[] };

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const unescapePointer = (part: string): string => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");

/** What `#/$defs/…` names in the document; undefined when it names nothing. */
const lookUp = (document: unknown, reference: string): unknown => {
  let found = document;
  for (const part of reference.slice(2).split("/")) {
    const key = unescapePointer(part);
    if (!isObject(found) || !Object.hasOwn(found, key)) return undefined;
    found = found[key];
  }
  return found;
};

const compilePattern = (pattern: string): TextCheck | string => {
  if (pattern.length > schemaLimits.pattern) return `a pattern has at most ${schemaLimits.pattern} characters`;
  try {
    const compiled = re2().RE2JS.compile(pattern);
    return (text) => compiled.matcher(text).find();
  } catch {
    return "not a regular expression of the RE2 syntax, which always runs in linear time";
  }
};

/**
 * A tenant's schema in the form that is validated with: only known keywords with values of the right shape, references put in
 * place of themselves (so there is no recursion), patterns and formats replaced by named checks that run in linear time.
 */
export const normalize = (document: unknown): Normalized => {
  const issues: SchemaIssue[] = [];
  const checks = new Map<string, TextCheck>();
  let nodes = 0;
  let uniqueItems = 0;

  const wrong = (path: string, message: string): void => {
    if (issues.length < 20) issues.push({ path, message });
  };

  const pattern = (value: unknown, path: string): Schema | undefined => {
    if (typeof value !== "string") return void wrong(path, "must be a string");
    if (checks.size >= schemaLimits.patterns) return void wrong(path, `at most ${schemaLimits.patterns} patterns`);
    const compiled = compilePattern(value);
    if (typeof compiled === "string") return void wrong(path, compiled);
    checks.set(`pattern ${value}`, compiled);
    return { format: `pattern ${value}` };
  };

  const format = (value: unknown, path: string): Schema | undefined => {
    if (typeof value !== "string") return void wrong(path, "must be a string");
    const check = Object.hasOwn(formats(), value) ? formats()[value] : undefined;
    if (check === undefined) return undefined;
    checks.set(`format ${value}`, check);
    return { format: `format ${value}` };
  };

  const reference = (value: unknown, path: string, depth: number, open: readonly string[]): Schema | boolean => {
    if (typeof value !== "string" || !/^#\/(\$defs|definitions)\/./.test(value)) {
      wrong(path, "must refer to #/$defs/… of this schema");
      return true;
    }
    if (open.includes(value)) {
      wrong(path, "recursive schemas are not supported");
      return true;
    }
    const target = lookUp(document, value);
    if (target === undefined) {
      wrong(path, "refers to nothing");
      return true;
    }
    return walk(target, path, depth + 1, [...open, value]);
  };

  const walk = (schema: unknown, path: string, depth: number, open: readonly string[]): Schema | boolean => {
    nodes += 1;
    if (typeof schema === "boolean") return schema;
    if (!isObject(schema)) {
      wrong(path, "must be a schema: an object or a boolean");
      return true;
    }
    if (depth > schemaLimits.depth || nodes > schemaLimits.nodes) {
      if (nodes === schemaLimits.nodes + 1 || depth > schemaLimits.depth) {
        wrong(path, `the schema is too large: at most ${schemaLimits.nodes} parts and ${schemaLimits.depth} levels`);
      }
      return true;
    }
    const all: (Schema | boolean)[] = [];
    const entries: [string, unknown][] = [];
    for (const [key, value] of Object.entries(schema)) {
      const at = path === "" ? key : `${path}.${key}`;
      const shape = Object.hasOwn(keywordShapes(), key) ? keywordShapes()[key] : undefined;
      if (Object.hasOwn(refusedKeywords, key)) wrong(at, `not supported: ${refusedKeywords[key]}`);
      else if (key === "$ref") all.push(reference(value, at, depth, open));
      else if (key === "pattern") all.push(pattern(value, at) ?? true);
      else if (key === "format") all.push(format(value, at) ?? true);
      else if (schemaKeywords.has(key)) entries.push([key, walk(value, at, depth + 1, open)]);
      else if (schemaListKeywords.has(key)) {
        if (!Array.isArray(value) || value.length === 0) wrong(at, "must be a list of schemas");
        else entries.push([key, value.map((part, index) => walk(part, `${at}.${index}`, depth + 1, open))]);
      } else if (schemaMapKeywords.has(key)) {
        if (!isObject(value)) wrong(at, "must be an object of schemas");
        else {
          const parts = Object.entries(value).map(([name, part]) => [
            name,
            walk(part, `${at}.${name}`, depth + 1, open),
          ]);
          entries.push([key, Object.fromEntries(parts)]);
        }
      } else if (shape !== undefined) {
        if (shape.safeParse(value).success) entries.push([key, value]);
        else wrong(at, "does not have the type that this keyword needs");
        if (key === "uniqueItems" && value === true) uniqueItems += 1;
      }
    }
    const own: Schema = Object.fromEntries(entries);
    const needed = all.filter((part) => part !== true);
    // Side by side in allOf, so that two references or a pattern beside a format do not overwrite each other.
    return needed.length === 0 ? own : { ...own, allOf: [...(own.allOf ?? []), ...needed] as Schema[] };
  };

  const schema = walk(document, "", 0, []);
  if (uniqueItems > schemaLimits.unique_items) wrong("", `at most ${schemaLimits.unique_items} uniqueItems`);
  return { schema, checks, issues };
};
