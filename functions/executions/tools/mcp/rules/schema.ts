/**
 * Schemas of MCP tools as they may go to a model's provider. Providers refuse a whole request for one schema that is none,
 * so each is looked through: what is plain is mended, a tool with what is not plain is left out. Everything that JSON
 * Schema knows (recursion, patternProperties, …) stays. Pure.
 */

type Schema = Readonly<Record<string, unknown>>;
export type MendedSchema =
  | { readonly ok: true; readonly schema: Schema }
  | { readonly ok: false; readonly reason: string };

const TYPES = new Set(["string", "number", "integer", "boolean", "object", "array", "null"]);
const MAPS = new Set(["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"]);
const LISTS = new Set(["anyOf", "oneOf", "allOf", "prefixItems"]);
const ONES = new Set([
  "not",
  "if",
  "then",
  "else",
  "contains",
  "additionalProperties",
  "propertyNames",
  "unevaluatedProperties",
  "unevaluatedItems",
]);
const BOUNDS = new Set(["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"]);
const COUNTS = new Set(["minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"]);
const DEEPEST = 64;
const MOST_CHARACTERS = 65_536;

class Unusable extends Error {}

const isObject = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A schema of any place: an object, or true or false. */
function mendAny(schema: unknown, path: string, depth: number): unknown {
  if (typeof schema === "boolean") return schema;
  if (!isObject(schema)) throw new Unusable(`${path} is no schema`);
  if (depth > DEEPEST) throw new Unusable(`is nested deeper than ${DEEPEST} levels`);
  const mended = Object.entries(schema).flatMap(([key, value]): [string, unknown][] => {
    const kept = mendKeyword(key, value, path === "" ? key : `${path}.${key}`, depth);
    return kept === undefined ? [] : [[key, kept]];
  });
  return Object.fromEntries(mended);
}

/** The keyword's value as it may stay; undefined drops the keyword. */
function mendKeyword(key: string, value: unknown, path: string, depth: number): unknown {
  if (value === null && key !== "const" && key !== "default") return undefined;
  if (key === "type") return mendType(value, path);
  if (MAPS.has(key)) {
    if (!isObject(value)) throw new Unusable(`${path} is no object of schemas`);
    return Object.fromEntries(
      Object.entries(value).map(([name, one]) => [name, mendAny(one, `${path}.${name}`, depth + 1)]),
    );
  }
  if (LISTS.has(key)) {
    if (!Array.isArray(value)) throw new Unusable(`${path} is no list of schemas`);
    return value.length === 0 ? undefined : value.map((one, i) => mendAny(one, `${path}.${i}`, depth + 1));
  }
  if (key === "items") {
    // A list is the older way of writing a tuple.
    return Array.isArray(value)
      ? value.map((one, i) => mendAny(one, `${path}.${i}`, depth + 1))
      : mendAny(value, path, depth + 1);
  }
  if (ONES.has(key)) return mendAny(value, path, depth + 1);
  // A bound that no number reaches says nothing; older drafts have booleans here.
  if (BOUNDS.has(key))
    return typeof value === "number" && Math.abs(value) <= Number.MAX_SAFE_INTEGER ? value : undefined;
  if (COUNTS.has(key)) return Number.isSafeInteger(value) && Number(value) >= 0 ? value : undefined;
  if (key === "required") {
    // A boolean at the property itself is draft 3.
    return Array.isArray(value) ? value.filter((name) => typeof name === "string") : undefined;
  }
  if (key === "enum" && !Array.isArray(value)) throw new Unusable(`${path} is no list`);
  if ((key === "description" || key === "title" || key === "pattern" || key === "format") && typeof value !== "string")
    return undefined;
  return value;
}

function mendType(value: unknown, path: string): unknown {
  const types = (Array.isArray(value) ? value : [value]).filter((type) => type !== null);
  if (types.length === 0 || !types.every((type) => typeof type === "string" && TYPES.has(type)))
    throw new Unusable(`${path} is no type`);
  return Array.isArray(value) ? types : value;
}

/** The schema of a tool's arguments, mended; or why it can't be used. */
export function mendToolSchema(schema: unknown): MendedSchema {
  if (schema === undefined || schema === null) return { ok: true, schema: { type: "object", properties: {} } };
  try {
    if (!isObject(schema)) throw new Unusable("is no schema of an object");
    if (JSON.stringify(schema).length > MOST_CHARACTERS) throw new Unusable("is too large");
    const mended = mendAny(schema, "", 0) as Schema;
    const { type = "object" } = mended;
    if (type !== "object" && !(Array.isArray(type) && type.includes("object")))
      throw new Unusable("describes no object");
    return { ok: true, schema: { ...mended, type: "object" } };
  } catch (error) {
    if (error instanceof Unusable) return { ok: false, reason: error.message };
    throw error;
  }
}
