import { describe, expect, it } from "vitest";
import * as z from "zod";
import { allOperations } from "../../../functions/operations.ts";
import { issuesOf } from "../../../shared/http/parse.ts";

const said = (schema: z.ZodType, value?: unknown) => issuesOf(z.object({ it: schema }), { it: value })[0]?.message;

describe("what is wrong with a field", () => {
  it.each([
    [z.string(), undefined, "is missing"],
    [z.enum(["a", "b"]), undefined, "is missing"],
    [z.union([z.string(), z.number()]), undefined, "is missing"],
    [z.string(), 1, "must be text, not a number"],
    [z.string(), null, "must be text, not null"],
    [z.number(), "1", "must be a number, not text"],
    [z.int(), 1.5, "must be a whole number, not 1.5"],
    [z.int(), "1", "must be a number, not text"],
    [z.boolean(), {}, "must be true or false, not an object"],
    [z.object({}), [], "must be an object, not a list"],
    [z.array(z.string()), {}, "must be a list, not an object"],
    [z.record(z.string(), z.string()), true, "must be an object, not true or false"],
    [z.enum(["a", "b"]), "c", 'must be one of "a", "b"'],
    [z.literal("a"), "c", 'must be "a"'],
    [
      z.discriminatedUnion("t", [z.object({ t: z.literal("x") }), z.object({ t: z.literal("y") })]),
      { t: "z" },
      'must be one of "x", "y"',
    ],
    [z.union([z.string(), z.number()]), true, "has none of the forms that are taken here"],
    [z.string().min(1), "", "must not be empty"],
    [z.string().min(2), "a", "must have at least 2 characters"],
    [z.string().max(1), "ab", "must have at most 1 character"],
    [z.array(z.string()).min(1), [], "must not be empty"],
    [z.array(z.string()).max(2), ["a", "b", "c"], "must have at most 2 entries"],
    [z.number().min(2), 1, "must be at least 2"],
    [z.number().max(2), 3, "must be at most 2"],
    [z.int(), 1e20, "must be at most 9007199254740991"],
    [z.number().multipleOf(5), 3, "must be a multiple of 5"],
    [z.email(), "x", "must be an e-mail address"],
    [z.url(), "x", "must be an address like https://example.com/path"],
    [z.iso.datetime(), "x", "must be a time like 2026-01-31T12:00:00Z"],
    [z.string().regex(/^a$/, "must be an a"), "b", "must be an a"],
  ] as const)("%#: %j is told in plain words", (schema, value, message) => expect(said(schema, value)).toBe(message));

  const values = [
    undefined,
    null,
    true,
    -1.5,
    1e20,
    "",
    "\u202e",
    "x".repeat(200_000),
    [],
    [{}],
    {},
    { type: "x", kind: 1 },
  ];
  const bodies = allOperations.flatMap(({ operation }) =>
    operation.request.body === undefined ? [] : [[operation.id, operation.request.body] as const],
  );

  it.each(bodies)("of the body of %s is a sentence behind the field's name, whatever was sent", (_, body) => {
    const shape = body instanceof z.ZodObject ? Object.keys(body.shape) : [];
    const messages = [
      ...values.flatMap((value) => issuesOf(body, value)),
      ...values.flatMap((value) => issuesOf(body, Object.fromEntries(shape.map((name) => [name, value])))),
    ].map(({ message }) => message);
    expect(messages.filter((message) => /expected|received|invalid|too (big|small)|undefined/i.test(message))).toEqual(
      [],
    );
  });
});
