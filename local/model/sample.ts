import { keywords, overlap } from "./words.ts";

type Schema = Record<string, unknown>;

/** A reference that refers to itself would never end; a minimal value needs no such depth. */
const maxDepth = 16;

const formats: Record<string, string> = {
  "date-time": "2026-01-01T00:00:00.000Z",
  date: "2026-01-01",
  time: "00:00:00Z",
  email: "someone@example.com",
  uri: "https://example.com/",
  uuid: "00000000-0000-4000-8000-000000000000",
};

/**
 * The smallest value that a JSON Schema accepts, filled from `text` where the schema leaves room: enumerations take the
 * member that shares most words with it, numbers the next number in it, free strings the text itself.
 * Patterns and formats beyond the common ones are not solved.
 */
export function sampleFor(schema: Schema, text: string): unknown {
  const numbers = (text.match(/-?\d+(?:\.\d+)?/g) ?? []).map(Number);
  return value(schema, { root: schema, text, numbers, depth: 0, name: "" });
}

interface Scope {
  root: Schema;
  text: string;
  /** Numbers of the text that no property has taken yet. */
  numbers: number[];
  depth: number;
  /** The property being filled. */
  name: string;
}

function value(given: Schema, scope: Scope): unknown {
  const schema = resolve(given, scope.root);
  if (scope.depth > maxDepth) return null;
  if ("const" in schema) return schema.const;
  if (Array.isArray(schema.enum)) return bestOf(schema.enum, scope.text);
  const alternative = firstSchema(schema.anyOf) ?? firstSchema(schema.oneOf);
  if (alternative !== undefined) return value(alternative, { ...scope, depth: scope.depth + 1 });
  switch (typeOf(schema)) {
    case "object":
      return object(schema, scope);
    case "array":
      return array(schema, scope);
    case "string":
      return string(schema, scope);
    case "integer":
      return number(schema, scope, true);
    case "number":
      return number(schema, scope, false);
    case "boolean":
      return true;
    default:
      return null;
  }
}

function object(schema: Schema, scope: Scope): Record<string, unknown> {
  const properties = isSchema(schema.properties) ? schema.properties : {};
  const required = Array.isArray(schema.required) ? schema.required.map(String) : [];
  // A tool with one optional argument is of no use without it.
  const names = required.length > 0 ? required : Object.keys(properties).slice(0, 1);
  const result: Record<string, unknown> = {};
  for (const name of names) {
    const property = properties[name];
    const inner = { ...scope, name, depth: scope.depth + 1 };
    result[name] = isSchema(property) ? (mentioned(property, inner) ?? value(property, inner)) : null;
  }
  return result;
}

/** A value that the text names as `name=value` or `name: value`. */
function mentioned(property: Schema, scope: Scope): unknown {
  const name = scope.name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  const match = new RegExp(`\\b${name}["']?\\s*[=:]\\s*(?:"([^"]*)"|([^\\s,;]+))`, "i").exec(scope.text);
  const found = match?.[1] ?? match?.[2];
  if (found === undefined) return undefined;
  const schema = resolve(property, scope.root);
  const type = typeOf(schema);
  if (Array.isArray(schema.enum)) return schema.enum.find((member) => String(member) === found);
  // What has a form of its own is rarely named in passing.
  if (type === "string") return typeof schema.format === "string" ? undefined : fitting(schema, found);
  if (type === "number" || type === "integer") {
    const parsed = Number(found);
    return Number.isNaN(parsed) ? undefined : within(schema, parsed, type === "integer");
  }
  return type === "boolean" ? found === "true" : undefined;
}

function array(schema: Schema, scope: Scope): unknown[] {
  const length = typeof schema.minItems === "number" ? schema.minItems : 0;
  const items = isSchema(schema.items) ? schema.items : {};
  return Array.from({ length }, () => value(items, { ...scope, depth: scope.depth + 1 }));
}

function string(schema: Schema, scope: Scope): string {
  const formatted = typeof schema.format === "string" ? formats[schema.format] : undefined;
  if (formatted !== undefined) return formatted;
  return fitting(schema, scope.text.trim() || "text");
}

/** The text, cut or filled up to the lengths that the schema allows. */
function fitting(schema: Schema, text: string): string {
  const min = typeof schema.minLength === "number" ? schema.minLength : 0;
  const max = typeof schema.maxLength === "number" ? schema.maxLength : Number.POSITIVE_INFINITY;
  return [...text].slice(0, max).join("").padEnd(min, ".");
}

function number(schema: Schema, scope: Scope, integer: boolean): number {
  return within(schema, scope.numbers.shift() ?? 0, integer);
}

/** The number nearest to `wanted` that the bounds allow. */
function within(schema: Schema, wanted: number, integer: boolean): number {
  const step = integer ? 1 : 0.5;
  const low = bound(schema.minimum) ?? plus(bound(schema.exclusiveMinimum), step) ?? Number.NEGATIVE_INFINITY;
  const high = bound(schema.maximum) ?? plus(bound(schema.exclusiveMaximum), -step) ?? Number.POSITIVE_INFINITY;
  const bounded = Math.min(Math.max(wanted, low), high);
  return integer ? Math.round(bounded) : bounded;
}

const bound = (limit: unknown) => (typeof limit === "number" ? limit : undefined);
const plus = (limit: number | undefined, step: number) => (limit === undefined ? undefined : limit + step);

/** The member that shares most words with the text; the first one when none does. */
function bestOf(members: unknown[], text: string): unknown {
  const words = keywords(text);
  const scores = members.map((member) => overlap(keywords(String(member)), words));
  return members[Math.max(0, scores.indexOf(Math.max(...scores)))];
}

function typeOf(schema: Schema): unknown {
  const type = Array.isArray(schema.type) ? schema.type.find((one) => one !== "null") : schema.type;
  return type ?? (isSchema(schema.properties) ? "object" : undefined);
}

function resolve(schema: Schema, root: Schema): Schema {
  if (typeof schema.$ref !== "string") return schema;
  let target: unknown = root;
  for (const part of schema.$ref.replace(/^#\/?/, "").split("/").filter(Boolean)) {
    target = isSchema(target) ? target[part.replaceAll("~1", "/").replaceAll("~0", "~")] : undefined;
  }
  return isSchema(target) ? target : {};
}

function firstSchema(list: unknown): Schema | undefined {
  return Array.isArray(list) ? list.find(isSchema) : undefined;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
