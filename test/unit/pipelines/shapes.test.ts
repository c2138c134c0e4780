import { Ajv2020 } from "ajv/dist/2020.js";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { incompatible, shapeOf } from "../../../functions/pipelines/graph/rules/types/from-schema.ts";
import { ANY, literal, mappedAt, meet, memberAt, union } from "../../../functions/pipelines/graph/rules/types/shape.ts";

const names = fc.constantFrom("a", "b", "c");
const scalar = fc.oneof(
  fc.constantFrom("", "x", "yes", "👍👍"),
  fc.integer({ min: -3, max: 4 }),
  fc.constantFrom(0.5, 2.5),
  fc.boolean(),
  fc.constant(null),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    scalar,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(names, tie("value"), { maxKeys: 3 }),
  ),
}));
const types = fc.constantFrom("string", "number", "integer", "boolean", "null", "array", "object");
const count = fc.integer({ min: 0, max: 3 });
const { schema } = fc.letrec<{ schema: unknown }>((tie) => {
  const part = tie("schema");
  const keywords = {
    type: fc.oneof(types, fc.uniqueArray(types, { minLength: 1, maxLength: 4 })),
    const: value,
    enum: fc.array(value, { minLength: 1, maxLength: 4 }),
    minimum: fc.integer({ min: -3, max: 4 }),
    maximum: fc.integer({ min: -3, max: 4 }),
    exclusiveMinimum: fc.integer({ min: -3, max: 4 }),
    exclusiveMaximum: fc.integer({ min: -3, max: 4 }),
    minLength: count,
    maxLength: count,
    minItems: count,
    maxItems: count,
    items: part,
    prefixItems: fc.array(part, { minLength: 1, maxLength: 2 }),
    properties: fc.dictionary(names, part, { maxKeys: 3 }),
    additionalProperties: part,
    required: fc.uniqueArray(names, { maxLength: 2 }),
    allOf: fc.array(part, { minLength: 1, maxLength: 2 }),
    anyOf: fc.array(part, { minLength: 1, maxLength: 2 }),
    oneOf: fc.array(part, { minLength: 1, maxLength: 2 }),
    not: part,
    if: part,
    // biome-ignore lint/suspicious/noThenProperty: the keyword of JSON Schema
    then: part,
    else: part,
    uniqueItems: fc.boolean(),
    multipleOf: fc.constantFrom(1, 2, 0.5),
    minProperties: count,
    $ref: fc.constant("#/$defs/one"),
    pattern: fc.constant("^y"),
    patternProperties: fc.dictionary(fc.constant("^a"), part, { maxKeys: 1 }),
    dependentRequired: fc.constant({ a: ["b"] }),
    contains: part,
    propertyNames: part,
    unevaluatedProperties: part,
  };
  return {
    schema: fc.oneof(
      { maxDepth: 2, withCrossShrink: true },
      fc.boolean(),
      ...Object.entries(keywords).map(([name, one]) => fc.record({ [name]: one })),
      fc.record(keywords, { requiredKeys: ["type"] }).map((all) => all as unknown),
      fc
        .subarray(Object.keys(keywords) as (keyof typeof keywords)[], { minLength: 1, maxLength: 4 })
        .chain((some) => fc.record(Object.fromEntries(some.map((name) => [name, keywords[name]])))),
    ),
  };
});

/** A schema on its own: what it refers to stands in it. */
const whole = fc.tuple(schema, schema).map(([one, referred]) => withDefinition(one, referred));
const withDefinition = (one: unknown, referred: unknown): object =>
  typeof one === "object" && one !== null ? { ...one, $defs: { one: referred } } : { allOf: [one] };

const ajv = new Ajv2020({ strict: false, allErrors: false, validateSchema: false, logger: false });
/** Undefined where the validator does not take the schema, or does not come to an end with it. */
const validator = (one: object): ((value: unknown) => boolean) | undefined => {
  try {
    const validate = ajv.compile(one);
    return (tried) => {
      try {
        return validate(tried) === true;
      } catch {
        return false;
      }
    };
  } catch {
    return undefined;
  }
};

describe("the shape of a JSON Schema", () => {
  it("holds every value that the schema takes", () => {
    let taken = 0;
    fc.assert(
      fc.property(whole, fc.array(value, { minLength: 10, maxLength: 30 }), (one, values) => {
        const validate = validator(one);
        fc.pre(validate !== undefined);
        const shape = shapeOf(one);
        for (const tried of values.filter((candidate) => validate(candidate))) {
          taken++;
          expect(meet(shape, literal(tried)), JSON.stringify(tried)).not.toEqual([]);
        }
      }),
      { numRuns: 1_000 },
    );
    expect(taken).toBeGreaterThan(1_000);
  });

  it("is disjoint from another's only where no value is valid under both", () => {
    let [apart, together] = [0, 0];
    fc.assert(
      fc.property(whole, whole, fc.array(value, { minLength: 20, maxLength: 40 }), (one, other, values) => {
        if (!incompatible(one, other)) {
          together++;
          return;
        }
        apart++;
        const [first, second] = [validator(one), validator(other)];
        fc.pre(first !== undefined && second !== undefined);
        expect(values.filter((tried) => first(tried) && second(tried))).toEqual([]);
      }),
      { numRuns: 1_500 },
    );
    expect(Math.min(apart, together)).toBeGreaterThan(100);
  });

  it("has at a name whatever a valid value has there, of lists by index and, for expressions, of all members", () => {
    fc.assert(
      fc.property(whole, fc.array(value, { minLength: 10, maxLength: 30 }), (one, values) => {
        const validate = validator(one);
        fc.pre(validate !== undefined);
        const shape = shapeOf(one);
        for (const tried of values.filter((candidate) => validate(candidate))) {
          if (typeof tried !== "object" || tried === null) continue;
          for (const [name, member] of Object.entries(tried))
            expect(meet(memberAt(shape, name), literal(member))).not.toEqual([]);
          const items = Array.isArray(tried) ? tried.flat(3) : [tried];
          for (const item of items)
            for (const [name, member] of Object.entries(typeof item === "object" && item !== null ? item : {}))
              expect(meet(mappedAt(shape, name), literal(member))).not.toEqual([]);
        }
      }),
      { numRuns: 800 },
    );
  });

  it("of several is one in which each has its values", () => {
    fc.assert(
      fc.property(fc.array(value, { minLength: 1, maxLength: 80 }), (values) => {
        const shape = union(...values.map((one) => literal(one)));
        for (const one of values) expect(meet(shape, literal(one))).not.toEqual([]);
      }),
    );
  });

  it.each<[string, unknown, unknown]>([
    ["types", { type: "string" }, { type: ["number", "null"] }],
    ["constants", { const: "a" }, { enum: ["b", 1] }],
    ["numbers", { type: "integer", minimum: 1, maximum: 2 }, { exclusiveMinimum: 2, type: "integer" }],
    ["whole numbers", { type: "number", minimum: 1.2, maximum: 1.8 }, { type: "integer" }],
    ["lengths", { type: "string", maxLength: 2 }, { type: "string", minLength: 3 }],
    [
      "a member that the other cannot have",
      { type: "object", required: ["a"] },
      { type: "object", properties: { b: {} }, additionalProperties: false },
    ],
    [
      "a member of another type",
      { type: "object", required: ["a"], properties: { a: { type: "string" } } },
      { type: "object", properties: { a: { type: "number" } } },
    ],
    ["lists", { type: "array", items: { type: "string" }, minItems: 1 }, { type: "array", items: { type: "number" } }],
    ["all alternatives", { anyOf: [{ type: "string" }, { const: 1 }] }, { type: ["boolean", "array"] }],
    ["what is referred to", { $ref: "#/$defs/a", $defs: { a: { type: "string" } } }, { type: "number" }],
  ])("tells contradicting %s", (_, one, other) => {
    expect(incompatible(one, other)).toBe(true);
    expect(incompatible(other, one)).toBe(true);
    expect(incompatible(one, one)).toBe(false);
  });

  it("is any where it cannot know, and ends with schemas that refer to themselves", () => {
    expect(shapeOf({})).toBe(ANY);
    expect(shapeOf("no schema")).toBe(ANY);
    expect(shapeOf({ $ref: "https://example.com/other" })).toBe(ANY);
    expect(shapeOf({ $defs: { a: { $ref: "#/$defs/a" } }, $ref: "#/$defs/a" })).toBe(ANY);
    const wide = { anyOf: Array.from({ length: 40 }, () => ({ anyOf: Array.from({ length: 40 }, () => ({})) })) };
    expect(shapeOf({ allOf: Array.from({ length: 40 }, () => wide) })).toBe(ANY);
  });
});
