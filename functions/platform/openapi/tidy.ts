import type { Json, JsonObject } from "./json.ts";

/**
 * A JSON Schema in the words that makers of clients understand, with the same meaning: `const` as an `enum` of one,
 * a tuple as a list of fixed length, "or null" beside the type where there is one. Only a pattern that not every language
 * can read is left out: what it refuses is told by the answer.
 */
export function tidy(value: Json): Json {
  if (Array.isArray(value)) return value.map(tidy);
  if (typeof value !== "object" || value === null) return value;
  return orNull(
    alternatives(
      tuple(
        Object.fromEntries(
          Object.entries(value as JsonObject).flatMap(([key, inner]): [string, Json][] => {
            if (key === "const") return [["enum", [inner]]];
            // Examples and defaults are values, not schemas.
            if (VALUES.has(key)) return [[key, inner]];
            if (MAPS.has(key)) return [[key, eachOf(inner as JsonObject)]];
            // Python and Go refuse the pattern when they meet it, and with it the value.
            if (key === "pattern" && UNPORTABLE.test(String(inner))) return [];
            // Every name is a text.
            if (key === "propertyNames" && JSON.stringify(inner) === '{"type":"string"}') return [];
            return [[key, tidy(inner)]];
          }),
        ),
      ),
    ),
  );
}

/** Classes and escapes of Unicode, which not every regular expression engine has. */
const UNPORTABLE = /\\[pPu]/;

const VALUES: ReadonlySet<string> = new Set(["enum", "examples", "default", "required"]);
/** Keywords whose members are named by us: a property may be called `const`. */
const MAPS: ReadonlySet<string> = new Set(["properties", "$defs"]);

const eachOf = (map: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(map).map(([name, schema]) => [name, tidy(schema)]));

function tuple(schema: JsonObject): JsonObject {
  const { prefixItems, items: _, ...rest } = schema;
  if (!Array.isArray(prefixItems)) return schema;
  const kinds = [...new Map(prefixItems.map((part: Json) => [JSON.stringify(part), part])).values()];
  const items = kinds.length === 1 ? (kinds[0] ?? {}) : { anyOf: kinds };
  return { ...rest, items, minItems: prefixItems.length, maxItems: prefixItems.length };
}

/** A list of types beside `null` is a union of them. */
function alternatives(schema: JsonObject): JsonObject {
  const { type, ...rest } = schema;
  if (!Array.isArray(type) || type.filter((each: Json) => each !== "null").length < 2) return schema;
  return { ...rest, anyOf: type.map((each: Json) => ({ type: each })) };
}

function orNull(schema: JsonObject): JsonObject {
  const { anyOf, ...rest } = schema;
  if (!Array.isArray(anyOf)) return schema;
  const [one, ...others] = anyOf.filter((option: Json) => !isNull(option)) as JsonObject[];
  if (one === undefined || others.length > 0 || anyOf.length !== 2) return schema;
  if (Array.isArray(one.anyOf)) return { ...one, ...rest, anyOf: [...one.anyOf, { type: "null" }] };
  if (typeof one.type === "string" && one.properties === undefined && one.enum === undefined)
    return { ...one, ...rest, type: [one.type, "null"] };
  return { ...rest, anyOf: [one, { type: "null" }] };
}

const isNull = (option: Json): boolean => JSON.stringify(option) === '{"type":"null"}';
