import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Assertion, assertionsSchema, isJudged } from "../../../functions/suites/rules/assertions.ts";
import { contains, evaluate, type Measured, same } from "../../../functions/suites/rules/evaluate.ts";
import { judged, judgeMessage, verdictOf } from "../../../functions/suites/rules/judging.ts";
import type { Json } from "../../../shared/expressions/json.ts";

const run = (more: Partial<Measured> = {}): Measured => ({
  status: "completed",
  error: null,
  input: { n: 1 },
  output: {
    text: "The answer is 42.",
    object: {
      items: [
        { name: "a", price: 5 },
        { name: "b", price: 9 },
      ],
    },
  },
  cost_usd_micros: 100,
  latency_ms: 250,
  ...more,
});

const passes = async (assertion: Assertion, more: Partial<Measured> = {}) => {
  const [first] = await evaluate(assertionsSchema.parse([assertion]), run(more));
  return first?.passed;
};

describe("an assertion", () => {
  const rows: readonly [Assertion, boolean, Partial<Measured>?][] = [
    [{ kind: "equals", path: "object.items.0", value: { price: 5, name: "a" } }, true],
    [{ kind: "equals", path: "object.items[1].price", value: 5 }, false],
    [{ kind: "equals", path: "nothing", value: null }, false],
    [{ kind: "equals", value: null }, true, { output: null }],
    [{ kind: "not_equals", path: "text", value: "other" }, true],
    [{ kind: "not_equals", path: "nothing", value: 1 }, true],
    [{ kind: "contains", path: "text", value: "42" }, true],
    [{ kind: "contains", path: "text", value: 42 }, false],
    [{ kind: "contains", path: "object.items", value: { price: 9, name: "b" } }, true],
    [{ kind: "contains", path: "object.items", value: { price: 9 } }, false],
    [{ kind: "contains", path: "object.items.1", value: { price: 9 } }, true],
    [{ kind: "not_contains", path: "text", value: "43" }, true],
    [{ kind: "matches", path: "text", pattern: "is \\d+\\.$" }, true],
    [{ kind: "matches", path: "text", pattern: "^is" }, false],
    [{ kind: "matches", path: "object", pattern: "a" }, false],
    [
      { kind: "condition", path: "object", condition: { path: "input.items.0.price", op: "between", value: [1, 5] } },
      true,
    ],
    [{ kind: "condition", condition: { not: { path: "run.input.n", op: "eq", value: 1 } } }, false],
    [{ kind: "json_path", expression: "output.object.items[price > 6].name", equals: "b" }, true],
    [{ kind: "json_path", expression: "$sum(output.object.items.price)", equals: 14 }, true],
    [{ kind: "json_path", expression: "output.object.items[price > 10]" }, false],
    [{ kind: "json_path", expression: "$count(output.object.items) = 2" }, true],
    [{ kind: "json_schema", path: "object", schema: { type: "object", required: ["items"] } }, true],
    [{ kind: "json_schema", path: "object.items.0.price", schema: { type: "string" } }, false],
    [{ kind: "json_schema", path: "nothing", schema: {} }, false],
    [{ kind: "max_cost_usd_micros", value: 100 }, true],
    [{ kind: "max_cost_usd_micros", value: 99 }, false],
    [{ kind: "max_latency_ms", value: 250 }, true],
    [{ kind: "max_latency_ms", value: 249 }, false],
    [{ kind: "max_latency_ms", value: 1 }, false, { latency_ms: null }],
    [{ kind: "status", status: "completed" }, true],
    [{ kind: "status", status: "failed", code: "http_error" }, true, failed("http_error")],
    [{ kind: "status", status: "failed", code: "other" }, false, failed("http_error")],
  ];
  for (const [assertion, expected, more] of rows)
    it(`${JSON.stringify(assertion)} is ${expected}`, async () => {
      expect(await passes(assertion, more)).toBe(expected);
    });

  it("that is undecided is neither: an expression that fails", async () => {
    expect(await passes({ kind: "json_path", expression: "$sum(output.text)" })).toBe(null);
  });

  it("is as it was, whatever else is asked: a case asks in order, and expects the end of the run first", async () => {
    const list = [{ kind: "max_cost_usd_micros", value: 1 }] as const;
    const checked = await evaluate(list, run(failed("model_error")));
    expect(checked.map(({ kind, passed }) => [kind, passed])).toEqual([
      ["status", false],
      ["max_cost_usd_micros", false],
    ]);
  });
});

function failed(code: string): Partial<Measured> {
  return { status: "failed", error: { code, message: "It failed." }, output: undefined };
}

describe("for any value of JSON", () => {
  const json = fc.jsonValue({ maxDepth: 4 }).map((value) => value as Json);

  it("a value is the same as itself with its members in another order, and as nothing else", () => {
    fc.assert(
      fc.property(json, json, (a, b) => {
        expect(same(a, shuffled(a))).toBe(true);
        expect(same(a, b)).toBe(same(b, a));
        expect(same([a], [a, b])).toBe(false);
      }),
    );
  });

  it("a whole contains each of its parts", () => {
    fc.assert(
      fc.property(fc.array(json), fc.dictionary(fc.string(), json), fc.string(), fc.nat(), (list, object, text, n) => {
        for (const item of list) expect(contains(list, item)).toBe(true);
        const some = Object.fromEntries(Object.entries(object).slice(n % (Object.keys(object).length + 1)));
        expect(contains(object, some)).toBe(true);
        expect(contains(text, text.slice(n % (text.length + 1)))).toBe(true);
      }),
    );
  });

  it("every assertion has an answer and never throws", async () => {
    await fc.assert(
      fc.asyncProperty(json, json, async (output, value) => {
        const list: Assertion[] = [
          { kind: "equals", path: "a.0", value },
          { kind: "contains", value },
          { kind: "matches", path: "a", pattern: "x+" },
          { kind: "json_path", expression: "output.a[0]", equals: value },
          { kind: "json_schema", schema: { type: ["object", "array"] } },
        ];
        const checked = await evaluate(list, run({ output }));
        expect(checked.map(({ kind }) => kind)).toEqual(list.map(({ kind }) => kind));
        for (const { expected, actual } of checked)
          expect(Math.max(expected?.length ?? 0, actual?.length ?? 0)).toBeLessThanOrEqual(1_000);
      }),
    );
  });
});

const shuffled = (value: Json): Json => {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([name, member]) => [name, shuffled(member as Json)] as const);
  return Object.fromEntries(entries.reverse());
};

describe("the assertions of a case", () => {
  const message = (list: unknown) => assertionsSchema.safeParse(list).error?.issues[0]?.message;

  it("are refused where they cannot be decided: patterns, expressions and schemas that are none", () => {
    expect(message([{ kind: "matches", pattern: "(a" }])).toContain("regular expression");
    expect(message([{ kind: "json_path", expression: "output.[" }])).toBeDefined();
    expect(message([{ kind: "json_schema", schema: { type: "nonsense" } }])).toBeDefined();
    expect(message([{ kind: "condition", condition: { path: "output", op: "exists" } }])).toContain("must begin with");
    expect(message([{ kind: "equals", path: "a..b", value: 1 }])).toContain("names joined by dots");
  });

  it("are bounded", () => {
    expect(message([])).toBeDefined();
    expect(message(Array(21).fill({ kind: "max_latency_ms", value: 1 }))).toBeDefined();
    const ends = { kind: "status", status: "failed" };
    expect(message([ends, ends])).toContain("at most one");
    const asks = { kind: "judged", agent_id: "agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC", rubric: "Good?", min_score: 0.5 };
    expect(message(Array(4).fill(asks))).toContain("judged");
    expect(message(Array(2).fill({ kind: "equals", value: "x".repeat(20_000) }))).toContain("bytes");
  });
});

describe("a judge", () => {
  const [assertion] = assertionsSchema
    .parse([{ kind: "judged", agent_id: "agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC", rubric: "Is it polite?", min_score: 0.6 }])
    .filter(isJudged);
  if (assertion === undefined) throw new Error("no judged assertion");

  it("is shown the rubric, the request and the answer", () => {
    const message = judgeMessage(assertion, { input: { message: "Hi" }, output: { text: "Hello!" } });
    expect(message).toContain("# Rubric\n\nIs it polite?");
    expect(message).toContain('# Request\n\n{"message":"Hi"}');
    expect(message).toContain("# Answer\n\nHello!");
  });

  it("gives its score as the object of its answer, or as JSON in its text", () => {
    const score = { score: 0.75, reason: "Polite." };
    expect(verdictOf({ text: "", object: score })).toEqual(score);
    expect(verdictOf({ text: `\`\`\`json\n${JSON.stringify(score)}\n\`\`\`` })).toEqual(score);
    expect(verdictOf({ text: "Very polite." })).toBeUndefined();
    expect(verdictOf({ text: '{"score": 7}' })).toBeUndefined();
  });

  it("passes at the least score, and without one nothing is decided", () => {
    expect(judged(assertion, "completed", { text: '{"score":0.6,"reason":"Just."}' })).toMatchObject({ passed: true });
    expect(judged(assertion, "completed", { text: '{"score":0.59}' })).toMatchObject({ passed: false });
    expect(judged(assertion, "completed", { text: "no" })).toMatchObject({ passed: null });
    expect(judged(assertion, "failed", undefined)).toMatchObject({
      passed: null,
      message: "the judge's run is failed",
    });
  });
});
