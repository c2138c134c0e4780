import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type Condition,
  conditionSchema,
  conditionSchemaFor,
  evaluate,
} from "../../../shared/expressions/condition.ts";
import { type OperatorName, operators } from "../../../shared/expressions/operators.ts";
import { graphPaths, parsePath, readPath, rootedPaths } from "../../../shared/expressions/paths.ts";

const scope = {
  input: {
    category: "billing",
    amount: 120,
    tags: ["vip", "eu"],
    empty: "",
    nothing: null,
    items: [{ name: "a" }],
    none: [],
  },
  run: { input: { at: "2026-01-31T12:00:00.000Z" } },
  steps: { "agent-1": { output: { text: "Refund 20 EUR" } } },
};
const holds = (path: string, op: OperatorName, value?: unknown) => {
  const condition = conditionSchema.parse({ path, op, ...(value === undefined ? {} : { value }) });
  return evaluate(condition, scope);
};

describe("operators", () => {
  it.each([
    ["input.category", "eq", "billing", true],
    ["input.category", "eq", "Billing", false],
    ["input.amount", "eq", "120", false],
    ["input.nothing", "eq", null, true],
    ["input.category", "ne", "sales", true],
    ["input.amount", "gt", 119, true],
    ["input.amount", "gt", 120, false],
    ["input.amount", "gte", 120, true],
    ["input.amount", "lt", 121, true],
    ["input.amount", "lte", 119, false],
    ["input.amount", "gt", "1", false],
    ["run.input.at", "lt", "2026-02-01T00:00:00.000Z", true],
    ["input.category", "in", ["sales", "billing"], true],
    ["input.category", "not_in", ["sales"], true],
    ["input.category", "not_in", ["billing"], false],
    ["input.tags", "contains", "vip", true],
    ["input.tags", "contains", "vi", false],
    ["input.category", "contains", "ill", true],
    ["input.category", "starts_with", "bill", true],
    ["input.category", "ends_with", "bill", false],
    ["steps.agent-1.output.text", "matches", "^Refund \\d+ EUR$", true],
    ["steps.agent-1.output.text", "matches", "\\d{3}", false],
    ["input.items.0.name", "exists", undefined, true],
    ["input.items[0].name", "eq", "a", true],
    ["input.items[1].name", "exists", undefined, false],
    ["input.items[1].name", "exists", false, true],
    ["input.nothing", "exists", true, true],
    ["input.empty", "is_empty", undefined, true],
    ["input.none", "is_empty", true, true],
    ["input.nothing", "is_empty", undefined, true],
    ["input.amount", "is_empty", false, true],
    ["input.amount", "between", [100, 120], true],
    ["input.amount", "between", [121, 130], false],
    ["input.category", "between", [100, 200], false],
  ] as const)("%s %s %j is %j", (path, op, value, expected) => {
    expect(holds(path, op, value)).toBe(expected);
  });

  it("take a missing value as equal to nothing and never as an error", () => {
    const answers = Object.fromEntries(
      (Object.keys(operators) as OperatorName[]).map((op) => {
        const value =
          { in: ["x"], not_in: ["x"], between: [1, 2], matches: "x", exists: true, is_empty: true }[op as string] ??
          "x";
        return [op, holds("input.missing.deeper", op, value)];
      }),
    );
    const yes = new Set(["ne", "not_in", "is_empty"]);
    for (const [op, answer] of Object.entries(answers)) expect([op, answer]).toEqual([op, yes.has(op)]);
  });
});

describe("groups", () => {
  const yes = { path: "input.amount", op: "eq", value: 120 };
  const no = { path: "input.amount", op: "eq", value: 1 };
  it.each([
    [{ all: [yes, yes] }, true],
    [{ all: [yes, no] }, false],
    [{ any: [no, yes] }, true],
    [{ any: [no, no] }, false],
    [{ not: no }, true],
    [{ not: { any: [no, { all: [yes, { not: no }] }] } }, false],
  ])("%j is %j", (condition, expected) => {
    expect(evaluate(conditionSchema.parse(condition), scope)).toBe(expected);
  });
});

describe("the evaluator", () => {
  it("answers true or false for any condition and any scope, and changes nothing", () => {
    const comparison = fc.record({
      path: fc.constantFrom("input", "input.a", "input.a.0", "input.__proto__", "steps.x.output.a", ""),
      op: fc.constantFrom(...Object.keys(operators), "constructor", "toString"),
      value: fc.jsonValue(),
    });
    const { condition } = fc.letrec((tie) => ({
      condition: fc.oneof(
        { maxDepth: 5 },
        comparison,
        fc.record({ all: fc.array(tie("condition")) }),
        fc.record({ any: fc.array(tie("condition")) }),
        fc.record({ not: tie("condition") }),
        fc.jsonValue(),
      ),
    }));
    fc.assert(
      fc.property(condition, fc.record({ input: fc.jsonValue() }), (one, world) => {
        const before = JSON.stringify(world);
        expect(evaluate(one as Condition, world)).toBeTypeOf("boolean");
        expect(JSON.stringify(world)).toBe(before);
      }),
      { numRuns: 2_000 },
    );
  });

  it("never holds for something that is no condition, not even under a not", () => {
    for (const wrong of [
      {},
      { foo: 1 },
      { path: "input.amount", op: "like", value: 1 },
      { all: "x" },
      { any: [{}] },
      null,
      "yes",
    ]) {
      const stored: Condition = JSON.parse(JSON.stringify(wrong));
      expect(evaluate(stored, scope)).toBe(false);
      expect(evaluate({ not: stored }, scope)).toBe(false);
    }
  });

  it("runs patterns in linear time: the classic exponential one on 50,000 characters", () => {
    const text = { input: "a".repeat(50_000), run: {}, steps: {} };
    expect(evaluate(conditionSchema.parse({ path: "input", op: "matches", value: "^(a+)+$" }), text)).toBe(true);
    expect(evaluate(conditionSchema.parse({ path: "input", op: "matches", value: "^(a|aa)+b$" }), text)).toBe(false);
  });

  it("reads no prototype and no length", () => {
    for (const path of ["input.constructor", "input.__proto__.x", "input.prototype"]) {
      expect(conditionSchema.safeParse({ path, op: "exists" }).success).toBe(false);
      expect(evaluate({ path, op: "exists" }, scope)).toBe(false);
    }
    expect(holds("input.tags.length", "exists")).toBe(false);
    expect(holds("input.toString", "exists")).toBe(false);
  });
});

describe("the schema", () => {
  const messages = (value: unknown) => {
    const result = conditionSchema.safeParse(value);
    return result.success ? [] : result.error.issues.map(({ message }) => message);
  };

  it.each([
    [{ path: "input.a", op: "like", value: 1 }, "op must be one of eq, ne"],
    [{ path: "output.a", op: "eq", value: 1 }, "must begin with `input`, `run.input` or `steps.<node id>.output`"],
    [{ path: "steps.a.status", op: "eq", value: 1 }, "must begin with"],
    [{ path: "input..a", op: "eq", value: 1 }, "names joined by dots"],
    [{ path: "input.a", op: "matches", value: "(a)\\1" }, "linear time"],
    [{ path: "input.a", op: "matches", value: "(?=a)" }, "linear time"],
    [{ path: "input.a", op: "matches", value: "a".repeat(257) }, "256"],
    [{ path: "input.a", op: "between", value: [2, 1] }, "the lower one first"],
    [{ path: "input.a", op: "in", value: [] }, ">=1"],
    [{ path: "input.a", op: "eq", value: 1, extra: true }, "extra"],
    [{ all: [] }, ">=1"],
    [{ all: [{ path: "input", op: "exists" }], any: [] }, "any"],
    ["category == 'billing'", '{"all": […]}'],
    [{ expression: "x" }, '{"all": […]}'],
  ])("refuses %j and says why", (value, why) => {
    expect(messages(value).join("; ")).toContain(why);
  });

  it("bounds depth and size", () => {
    const nested = (depth: number): object =>
      depth === 1 ? { path: "input", op: "exists" } : { not: nested(depth - 1) };
    expect(messages(nested(8))).toEqual([]);
    expect(messages(nested(9))).toEqual(["is nested deeper than 8 levels"]);
    const wide = (count: number) => ({
      any: Array.from({ length: 9 }, () => ({ all: Array.from({ length: count }, () => nested(1)) })),
    });
    expect(messages(wide(10))).toEqual([]);
    expect(messages(wide(11))).toEqual(["has more than 100 parts"]);
  });

  it("takes other roots for other uses", () => {
    const policy = conditionSchemaFor(rootedPaths(["principal", "resource"]), "Policy");
    expect(policy.safeParse({ path: "principal.role", op: "eq", value: "viewer" }).success).toBe(true);
    expect(policy.safeParse({ path: "input.role", op: "eq", value: "viewer" }).success).toBe(false);
  });
});

describe("paths", () => {
  it("read back what lies there, for any names", () => {
    const name = fc
      .stringMatching(/^[A-Za-z][A-Za-z0-9 _-]{0,10}$/)
      .filter((text) => graphPaths(["input", text]) === undefined && parsePath(text) !== undefined);
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 8 }), fc.integer(), (names, value) => {
        const world = names.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
        expect(readPath(world, parsePath(names.join(".")) ?? [])).toBe(value);
      }),
    );
  });
});
