import { isObject } from "../../../../../shared/expressions/json.ts";
import {
  ANY,
  anyList,
  anyNumber,
  anyObject,
  anyText,
  listPart,
  literal,
  meet,
  NEVER,
  objectPart,
  ofType,
  type Part,
  type Shape,
  union,
} from "./shape.ts";

/** A schema with more parts than this, references put in their places, is taken for any. */
const MOST_NODES = 4_000;
const MAX_DEPTH = 40;

const typeNames = ["null", "boolean", "number", "string", "array", "object"] as const;

/**
 * The shape of a JSON Schema (2020-12): every value that is valid is in it. Of keywords it reads types, constants, members,
 * ranges and combinations; `not`, `if`, patterns, formats and the like only make a schema narrower, so leaving them out is safe.
 */
export function shapeOf(document: unknown): Shape {
  let nodes = 0;

  const refer = (reference: unknown, open: readonly string[]): Shape => {
    if (typeof reference !== "string" || !reference.startsWith("#/") || open.includes(reference)) return ANY;
    let found: unknown = document;
    for (const part of reference.slice(2).split("/")) {
      const key = decoded(part);
      if (key === undefined || !isObject(found) || !Object.hasOwn(found, key)) return ANY;
      found = found[key];
    }
    return walk(found, [...open, reference]);
  };

  const walk = (schema: unknown, open: readonly string[], depth = 0): Shape => {
    nodes += 1;
    if (schema === false) return NEVER;
    if (!isObject(schema) || nodes > MOST_NODES || depth + open.length > MAX_DEPTH) return ANY;
    const inner = (part: unknown) => walk(part, open, depth + 1);
    let shape: Shape = typesOf(schema).flatMap((type) => partOf(type, schema, inner));
    if (shape.length === typeNames.length && shape.every((part) => part === ofType(part.type))) shape = ANY;
    const narrow = (other: Shape) => {
      shape = meet(shape, other);
    };
    if ("const" in schema) narrow(literal(schema.const));
    if (Array.isArray(schema.enum)) narrow(oneOf(schema.enum));
    if ("$ref" in schema) narrow(refer(schema.$ref, open));
    if (Array.isArray(schema.allOf)) for (const part of schema.allOf) narrow(inner(part));
    for (const choice of [schema.anyOf, schema.oneOf])
      if (Array.isArray(choice) && choice.length > 0) narrow(union(...choice.map(inner)));
    return shape;
  };

  return walk(document, []);
}

const decoded = (part: string): string | undefined => {
  try {
    return decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    return undefined;
  }
};

/** The values of an `enum`: its texts as one part. */
function oneOf(values: readonly unknown[]): Shape {
  const texts = values.filter((value) => typeof value === "string");
  const lengths = texts.map((text) => [...text].length);
  const one: Shape =
    texts.length === 0
      ? NEVER
      : [{ type: "string", min: Math.min(...lengths), max: Math.max(...lengths), values: new Set(texts) }];
  return union(one, ...values.filter((value) => typeof value !== "string").map((value) => literal(value)));
}

interface Typed {
  readonly type: (typeof typeNames)[number];
  readonly whole: boolean;
}

/** The types that a schema allows; all of them where it does not say, or says what is no type. */
function typesOf({ type }: { readonly [key: string]: unknown }): Typed[] {
  const all = typeNames.map((name): Typed => ({ type: name, whole: false }));
  const named: unknown[] = type === undefined ? [] : Array.isArray(type) ? type : [type];
  if (named.length === 0 || !named.every((name) => name === "integer" || typeNames.some((known) => known === name)))
    return all;
  return typeNames.flatMap((name): Typed[] => {
    if (named.includes(name)) return [{ type: name, whole: false }];
    return name === "number" && named.includes("integer") ? [{ type: name, whole: true }] : [];
  });
}

const numberOr = (value: unknown, otherwise: number): number =>
  typeof value === "number" && Number.isFinite(value) ? value : otherwise;

type Schema = { readonly [key: string]: unknown };

function partOf({ type, whole }: Typed, schema: Schema, inner: (part: unknown) => Shape): readonly Part[] {
  switch (type) {
    case "number":
      return numberPart(schema, whole);
    case "string": {
      const { minLength, maxLength } = schema;
      if (minLength === undefined && maxLength === undefined) return [anyText];
      const [min, max] = [numberOr(minLength, 0), numberOr(maxLength, Infinity)];
      return min > max ? [] : [{ type, min, max }];
    }
    case "array": {
      const { prefixItems, items, minItems, maxItems } = schema;
      // A list of schemas under `items` is of an older edition, and means something else.
      if (Array.isArray(items)) return [anyList];
      if (prefixItems === undefined && items === undefined && minItems === undefined && maxItems === undefined)
        return [anyList];
      return listPart({
        first: Array.isArray(prefixItems) ? prefixItems.map(inner) : [],
        rest: items === undefined ? ANY : inner(items),
        min: numberOr(minItems, 0),
        max: numberOr(maxItems, Infinity),
      });
    }
    case "object": {
      const { properties, additionalProperties, required, patternProperties } = schema;
      if (properties === undefined && additionalProperties === undefined && required === undefined) return [anyObject];
      const open = additionalProperties === undefined || patternProperties !== undefined;
      return objectPart({
        members: new Map(
          isObject(properties) ? Object.entries(properties).map(([name, part]) => [name, inner(part)]) : [],
        ),
        rest: open ? ANY : inner(additionalProperties),
        required: new Set(Array.isArray(required) ? required.filter((name) => typeof name === "string") : []),
      });
    }
    default:
      return [ofType(type)];
  }
}

function numberPart(schema: Schema, whole: boolean): readonly Part[] {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema;
  const none = [minimum, maximum, exclusiveMinimum, exclusiveMaximum].every((bound) => bound === undefined);
  if (none && !whole) return [anyNumber];
  const [above, below] = [numberOr(exclusiveMinimum, -Infinity), numberOr(exclusiveMaximum, Infinity)];
  const min = Math.max(numberOr(minimum, -Infinity), whole ? Math.floor(above) + 1 : above);
  const max = Math.min(numberOr(maximum, Infinity), whole ? Math.ceil(below) - 1 : below);
  // The one number that is left may be the one that is excluded.
  if (min > max || (min === max && (min <= above || max >= below))) return [];
  return whole && Math.ceil(min) > Math.floor(max) ? [] : [{ type: "number", min, max, whole }];
}

/** Whether no value can be valid under both schemas: certain where it is true, and no more than unknown where it is false. */
export const incompatible = (one: unknown, other: unknown): boolean => meet(shapeOf(one), shapeOf(other)).length === 0;
