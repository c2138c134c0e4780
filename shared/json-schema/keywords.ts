import * as z from "zod";
import { later } from "../later.ts";

/** The part of JSON Schema 2020-12 that a tenant's schema may use, by the shape of each keyword's value. */
export const keywordShapes = later((): Readonly<Record<string, z.ZodType>> => {
  const count = z.int().min(0);
  const types = z.enum(["string", "number", "integer", "boolean", "object", "array", "null"]);
  return {
    type: z.union([types, z.array(types).min(1).max(7)]),
    enum: z.array(z.unknown()).min(1).max(1000),
    const: z.unknown(),
    multipleOf: z.number().positive(),
    minimum: z.number(),
    maximum: z.number(),
    exclusiveMinimum: z.number(),
    exclusiveMaximum: z.number(),
    minLength: count,
    maxLength: count,
    minItems: count,
    maxItems: count,
    minContains: count,
    maxContains: count,
    minProperties: count,
    maxProperties: count,
    uniqueItems: z.boolean(),
    required: z.array(z.string()).max(1000),
    dependentRequired: z.record(z.string(), z.array(z.string()).max(1000)),
  };
});

export const schemaKeywords: ReadonlySet<string> = new Set([
  "not",
  "if",
  "then",
  "else",
  "items",
  "contains",
  "additionalProperties",
  "propertyNames",
  "unevaluatedItems",
  "unevaluatedProperties",
]);

export const schemaListKeywords: ReadonlySet<string> = new Set(["allOf", "anyOf", "oneOf", "prefixItems"]);

export const schemaMapKeywords: ReadonlySet<string> = new Set(["properties", "dependentSchemas"]);

/** Keywords that are refused, and why. Everything else that is unknown is an annotation and has no effect. */
export const refusedKeywords: Readonly<Record<string, string>> = {
  $id: "schemas have no address of their own here",
  $anchor: "refer with $ref to #/$defs/… instead",
  $dynamicRef: "recursive schemas are not supported",
  $dynamicAnchor: "recursive schemas are not supported",
  $recursiveRef: "recursive schemas are not supported",
  $recursiveAnchor: "recursive schemas are not supported",
  $vocabulary: "own vocabularies are not supported",
  patternProperties: "name the properties, or use propertyNames with additionalProperties",
  additionalItems: "use prefixItems with items (2020-12)",
  dependencies: "use dependentRequired or dependentSchemas (2020-12)",
};

const accepts =
  (schema: z.ZodType) =>
  (text: string): boolean =>
    schema.safeParse(text).success;

/**
 * Formats that are checked; any other is an annotation, as the standard has it. The validator's own table is not used: some of
 * its regular expressions take exponential time.
 */
export const formats = later((): Readonly<Record<string, (text: string) => boolean>> => {
  const dateTime = accepts(z.iso.datetime({ offset: true }));
  return {
    "date-time": dateTime,
    date: accepts(z.iso.date()),
    time: (text) => dateTime(`2000-01-01T${text}`),
    email: accepts(z.email()),
    uuid: accepts(z.uuid()),
    uri: (text) => /^[a-z][a-z0-9+.-]*:/i.test(text) && URL.canParse(text),
    ipv4: accepts(z.ipv4()),
    ipv6: accepts(z.ipv6()),
  };
});
