import { format as validatorFormats } from "@cfworker/json-schema";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compileSchema, jsonSchemaField } from "../../../shared/json-schema/schema.ts";

const validate = async (schema: unknown, value: unknown) => {
  const compiled = compileSchema(schema);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.issues));
  return compiled.validate(value);
};
const refused = (schema: unknown) => {
  const compiled = compileSchema(schema);
  if (compiled.ok) throw new Error("accepted");
  return compiled.issues;
};

test("a valid value has no issues, an invalid one names each field", async () => {
  const schema = {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    required: ["city", "days"],
    additionalProperties: false,
    properties: {
      city: { type: "string", minLength: 2 },
      days: { type: "integer", maximum: 7 },
      at: { format: "date" },
    },
  };
  expect(await validate(schema, { city: "Oslo", days: 3, at: "2026-01-31" })).toEqual([]);
  const issues = await validate(schema, { city: "O", days: 8, at: "2026-02-31", more: 1 });
  expect(issues.map(({ path }) => path).sort()).toEqual(["at", "city", "days", "more"]);
  expect((await validate(schema, {})).map(({ message }) => message).join()).toMatch(/city.*days/);
});

test.each([
  [{ $ref: "#/$defs/a", $defs: { a: { type: "string" } } }, "x", 1],
  [{ $ref: "#/$defs/a%7E1b", maxLength: 1, $defs: { "a/b": { type: "string" } } }, "x", "xx"],
  [{ properties: { a: { $ref: "#/definitions/n" } }, definitions: { n: { type: "null" } } }, { a: null }, { a: 1 }],
  [{ pattern: "^a+$", format: "email" }, 5, "aaa"],
  [{ pattern: "^a+$" }, "aaa", "aab"],
  [{ allOf: [{ minimum: 1 }], $ref: "#/$defs/m", $defs: { m: { maximum: 3 } } }, 2, 4],
  [{ oneOf: [{ type: "string" }, { minLength: 3 }] }, "ab", "abc"],
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  [{ if: { const: 1 }, then: false, else: true }, 2, 1],
  [{ type: "object", allOf: [{ properties: { a: true } }], unevaluatedProperties: false }, { a: 1 }, { b: 1 }],
  [{ type: ["string", "null"] }, null, 1],
  [{ prefixItems: [{ type: "string" }], items: { type: "number" } }, ["a", 1], ["a", "b"]],
  [{ format: "made-up" }, "anything", undefined],
  [{ format: "uuid" }, "0b2e4d8e-5a0e-4f5e-9d5f-0b2e4d8e5a0e", "nope"],
  [{ format: "uri" }, "https://example.com", "no uri"],
  [{ format: "date-time" }, "2026-01-01T00:00:00+01:00", "2026-01-01"],
  [{ properties: { __proto__: { type: "number" } } }, {}, undefined],
])("%j takes %j and refuses %j", async (schema, good, bad) => {
  expect(await validate(schema, good)).toEqual([]);
  if (bad !== undefined) expect((await validate(schema, bad)).length).toBeGreaterThan(0);
});

describe("refused when it is stored", () => {
  test.each([
    [{ type: "text" }, "type"],
    [{ properties: { a: { minimum: "1" } } }, "properties.a.minimum"],
    [{ required: "a" }, "required"],
    [{ pattern: "(" }, "pattern"],
    [{ pattern: "(?=a)b" }, "pattern"],
    [{ pattern: "(a)\\1" }, "pattern"],
    [{ patternProperties: { "(a+)+$": true } }, "patternProperties"],
    [{ $ref: "https://example.com/schema.json" }, "$ref"],
    [{ $ref: "#/$defs/missing" }, "$ref"],
    [{ $ref: "#" }, "$ref"],
    [{ $id: "https://example.com" }, "$id"],
    [{ $dynamicRef: "#x" }, "$dynamicRef"],
    [{ items: [{ type: "string" }] }, "items"],
    [{ anyOf: [] }, "anyOf"],
    [{ properties: [] }, "properties"],
  ])("%j", (schema, path) => {
    expect(refused(schema)).toMatchObject([{ path }]);
    const field = jsonSchemaField.safeParse(schema);
    expect(field.error?.issues[0]?.path.join(".")).toBe(path);
  });

  test("recursion, also through a chain of references", () => {
    expect(
      refused({ $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/b" }, b: { items: { $ref: "#/$defs/a" } } } }),
    ).toMatchObject([{ message: "recursive schemas are not supported" }]);
  });

  test("references that multiply without end (billion laughs)", () => {
    const $defs: Record<string, unknown> = { d0: { type: "string" } };
    for (let level = 1; level <= 30; level += 1) {
      $defs[`d${level}`] = { allOf: [{ $ref: `#/$defs/d${level - 1}` }, { $ref: `#/$defs/d${level - 1}` }] };
    }
    expect(refused({ $ref: "#/$defs/d30", $defs })[0]?.message).toMatch(/too large/);
  });

  test("schemas that are too long or too deep", () => {
    expect(refused({ description: "x".repeat(70_000) })[0]?.message).toMatch(/at most/);
    let deep: unknown = { type: "string" };
    for (let level = 0; level < 40; level += 1) deep = { not: deep };
    expect(refused(deep)[0]?.message).toMatch(/JSON|too large/);
  });
});

test("a pattern that would take exponential time elsewhere runs in linear time", async () => {
  expect(await validate({ pattern: "^(a+)+$" }, `${"a".repeat(50_000)}b`)).toHaveLength(1);
});

test("values that are too large or no JSON are refused before they are validated", async () => {
  expect(
    (
      await validate(
        {},
        Array.from({ length: 6_000 }, () => 0),
      )
    )[0]?.message,
  ).toMatch(/parts/);
  expect((await validate({}, { a: Number.NaN }))[0]?.message).toMatch(/JSON/);
  expect((await validate({}, () => 1))[0]?.message).toMatch(/JSON/);
});

test("validating leaves nothing behind in the validator's shared table", async () => {
  const before = Object.keys(validatorFormats).length;
  expect((await validate({ pattern: "^x", format: "uuid" }, "y")).length).toBeGreaterThan(0);
  expect(Object.keys(validatorFormats)).toHaveLength(before);
});

test("compiling and validating never throw, whatever the schema and the value", async () => {
  const keyword = fc.constantFrom(
    "type",
    "properties",
    "items",
    "allOf",
    "pattern",
    "format",
    "$ref",
    "$defs",
    "enum",
    "if",
    "not",
    "required",
  );
  const document = fc.letrec((tie) => ({
    schema: fc.oneof({ depthSize: "small" }, fc.jsonValue(), fc.dictionary(keyword, tie("schema"))),
  })).schema;
  await fc.assert(
    fc.asyncProperty(document, fc.jsonValue(), async (schema, value) => {
      const compiled = compileSchema(schema);
      if (compiled.ok) expect(Array.isArray(await compiled.validate(value))).toBe(true);
      else expect(compiled.issues.length).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});

test("errors are collected within bounds: millions of them end the work, not the process", async () => {
  const allOf = Array.from({ length: 400 }, (_, i) => ({ minimum: i + 1 }));
  const issues = await validate({ items: { allOf } }, Array(4_900).fill(0));
  expect(issues.map(({ message }) => message)).toEqual(["takes longer to check against its schema than a value may"]);
});
