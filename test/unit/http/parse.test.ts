import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { Problem } from "../../../shared/errors.ts";
import { operation } from "../../../shared/http/operation.ts";
import { jsonDepth, parseInput, parseJsonText, type RawRequest } from "../../../shared/http/parse.ts";

const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null ? 1 + Math.max(0, ...Object.values(value).map(depthOf)) : 0;

const raw = (more: Partial<RawRequest> = {}): RawRequest => ({
  method: "POST",
  path: "/things",
  query: "",
  headers: { "content-type": "application/json" },
  body: undefined,
  ip: "127.0.0.1",
  ...more,
});

const create = operation({
  id: "things.create",
  method: "POST",
  path: "/things",
  summary: "",
  permission: "authenticated",
  request: {
    query: z.strictObject({ limit: z.coerce.number().max(5).optional() }),
    body: z.strictObject({ name: z.string().min(1), tags: z.array(z.strictObject({ id: z.string() })).optional() }),
  },
  response: "none",
  success: 204,
  errors: [],
});
const stop = operation({
  id: "things.stop",
  method: "POST",
  path: "/stop",
  summary: "",
  permission: "authenticated",
  request: {},
  response: "none",
  success: 204,
  errors: [],
});

const refusal = (run: () => unknown): Problem => {
  try {
    run();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error("nothing was refused");
};

describe("the depth of a JSON text", () => {
  it("is that of its value, found without parsing it", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.constantFrom(0, 2), (value, indent) => {
        expect(jsonDepth(JSON.stringify(value, null, indent))).toBe(depthOf(value));
      }),
    );
  });

  it("is not raised by brackets in texts, escaped quotes included", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[[\]{}"\\]{0,20}$/), (text) => {
        expect(jsonDepth(JSON.stringify({ [text]: text }))).toBe(1);
      }),
    );
  });

  it("of a million brackets is found at once, and refused", () => {
    expect(refusal(() => parseJsonText("[".repeat(1_000_000))).code).toBe("validation_failed");
  });
});

describe("a request", () => {
  it("has all that is wrong with it reported together, each with its place", () => {
    const problem = refusal(() =>
      parseInput(create, raw({ query: "limit=9&x=1", body: '{"name":"","tags":[{"id":"a"},{"di":"b"}],"nme":1}' }), {}),
    );
    expect(problem.options.issues?.map(({ path }) => path).sort()).toEqual(
      ["name", "nme", "query.limit", "query.x", "tags.1.di", "tags.1.id"].sort(),
    );
  });

  it("has no way to smuggle a prototype in", () => {
    expect(refusal(() => parseJsonText('{"a":{"__proto__":{"x":1}}}')).options.issues?.[0]?.path).toBe(
      "body.__proto__",
    );
    expect(refusal(() => parseJsonText('{"\\u005f_proto__":{"x":1}}')).options.issues?.[0]?.path).toBe(
      "body.__proto__",
    );
    const query = refusal(() => parseInput(create, raw({ query: "__proto__=1", body: '{"name":"a"}' }), {}));
    expect(query.options.issues?.map(({ path }) => path)).toEqual(["query.__proto__"]);
    expect(parseJsonText('{"a":"__proto__"}')).toEqual({ a: "__proto__" });
  });

  it("without a body is like one with an empty object, where a body is taken; the content type then matters not", () => {
    expect(refusal(() => parseInput(create, raw({ headers: {} }), {})).options.issues?.[0]?.path).toBe("name");
    for (const body of [undefined, "", "{}", " { } "])
      expect(parseInput(stop, raw({ body, headers: {} }), {}).body).toBeUndefined();
    for (const body of ["{", "[]", '{"a":1}', "x"])
      expect(refusal(() => parseInput(stop, raw({ body }), {})).options.issues?.[0]?.path).toBe("body");
  });

  it("with a parameter twice does not choose one of them", () => {
    const problem = refusal(() => parseInput(create, raw({ query: "limit=1&limit=2", body: '{"name":"a"}' }), {}));
    expect(problem.options.issues).toEqual([{ path: "query.limit", message: "is given more than once" }]);
  });

  it("counts bytes, not characters", () => {
    const body = JSON.stringify({ name: "ü".repeat(500_000) });
    expect(body.length).toBeLessThan(1_000_000);
    expect(refusal(() => parseInput(create, raw({ body }), {})).code).toBe("payload_too_large");
  });
});
