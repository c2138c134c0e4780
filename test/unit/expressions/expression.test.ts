import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { compileExpression } from "../../../shared/expressions/expression.ts";
import { boundedJson, canonicalJson } from "../../../shared/expressions/json.ts";
import { compileMapping } from "../../../shared/expressions/mapping.ts";
import { compileTemplate } from "../../../shared/expressions/template.ts";

const scope = {
  input: {
    a: 1,
    items: [
      { price: 2, count: 3 },
      { price: 5, count: 1 },
    ],
    text: "hello world",
  },
  run: { input: { x: 1 } },
  steps: { "agent-1": { output: { text: "done" } } },
};
const run = async (text: string, world: unknown = scope) => {
  const expression = compileExpression(text);
  return expression.ok ? expression.evaluate(world) : expression;
};

describe("an expression", () => {
  it.each([
    ["input.a + 1", 2],
    ["$sum(input.items.(price * count))", 11],
    ["steps.`agent-1`.output.text", "done"],
    ["input.missing", undefined],
    ['{"a": input.missing, "b": [input.a]}', { b: [1] }],
    ["$replace(input.text, /l+/, 'L')", "heLo worLd"],
    ["$match(input.text, /(w)(o)/).groups", ["w", "o"]],
    ["$split('a1b22c', /[0-9]+/)", ["a", "b", "c"]],
    ["$contains('ABC', /b/i)", true],
    ["$distinct(['a', 'b', 'a', {'x': 1}, {'x': 1}])", ["a", "b", { x: 1 }]],
    ["$pad('ab', 5, '#-')", "ab#-#"],
    ["$pad('ab', -4)", "  ab"],
    ["$join(['a', 'b'], '+')", "a+b"],
    ["$toMillis('2026-01-31T12:00:00Z')", 1_769_860_800_000],
    ["$count([1..90000][$ % 2 = 0])", 45_000],
  ])("%s", async (text, value) => {
    expect(await run(text)).toEqual({ ok: true, value });
  });

  it.each([
    ["$eval('1')", "expression_forbidden"],
    ["($f := $eval; $f('1'))", "expression_forbidden"],
    ["$now()", "expression_forbidden"],
    ["$millis()", "expression_forbidden"],
    ["$random()", "expression_forbidden"],
    ["$shuffle([1, 2])", "expression_forbidden"],
    ["input.text ~> /(a)\\1/", "expression_forbidden"],
    ["input +", "expression_syntax"],
    ["  ", "expression_empty"],
    ["(".repeat(8_000), "expression_too_large"],
    [`"${"x".repeat(8_192)}"`, "expression_too_large"],
    ["steps", "expression_forbidden"],
    ["steps.*", "expression_forbidden"],
    ["$lookup(steps, input.text)", "expression_forbidden"],
    ["$$.steps", "expression_forbidden"],
  ])("%s does not compile", (text, code) => {
    expect(compileExpression(text)).toMatchObject({ ok: false, code });
  });

  it.each([
    ["a loop without end", "($f := function($x){ $f($x + 1) }; $f(1))", "expression_too_large"],
    ["a recursion without end", "($f := function($x){ 1 + $f($x + 1) }; $f(1))", "expression_too_large"],
    ["a text that doubles", "$reduce([1..60], function($a, $b){ $a & $a }, 'xxxxxxxxxx')", "expression_too_large"],
    ["a list of millions", "[1..5000000]", "expression_too_large"],
    ["many large texts", "[1..100000].$pad('', 100000)", "expression_too_large"],
    ["a very wide text", "$pad('x', 1000000000)", "expression_too_large"],
    ["a very long join", "$join([1..1000].$pad('', 10000))", "expression_too_large"],
    ["a result that is a function", "function($x){ $x }", "result_not_json"],
    ["a result with a function inside", "{'f': $sum}", "result_not_json"],
    ["infinity", "1 / 0", "result_not_json"],
    ["a result that is too large", "[1..11].$pad('', 100000)", "result_too_large"],
    ["a type error", "input.text + 1", "expression_failed"],
    ["its own error", "$error('no luck')", "expression_failed"],
    ["a date picture", "$toMillis('31', '[D]')", "expression_failed"],
  ])("with %s is an error value", async (_what, text, code) => {
    expect(await run(text)).toMatchObject({ ok: false, code });
  });

  it("answers alike however often it is asked, side by side too, and leaves the scope alone", async () => {
    const expression = compileExpression("$map([1..50], function($i){ $i * input.a }) ~> $sum");
    if (!expression.ok) throw new Error(expression.message);
    const before = structuredClone(scope);
    const answers = await Promise.all([1, 2, 3].map((a) => expression.evaluate({ ...scope, input: { a } })));
    expect(answers).toEqual([1275, 2550, 3825].map((value) => ({ ok: true, value })));
    expect(scope).toEqual(before);
  });

  it("never throws and never rejects, whatever the text", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.string({ maxLength: 60, unit: fc.constantFrom(..."input.a$[]{}()'\"+-*/~>?:=<,^%@#|&`1 ") }),
        async (text) => {
          expect((await run(text)).ok).toBeTypeOf("boolean");
        },
      ),
      { numRuns: 1_500 },
    );
  });

  it("reads no prototype, and a key named __proto__ stays a key", async () => {
    for (const text of ["input.constructor", "input.__proto__", "input.toString", "$lookup(input, '__proto__')"]) {
      expect(await run(text)).toEqual({ ok: true, value: undefined });
    }
    const made = await run("$merge([{'x': 1}])", JSON.parse('{"input": {"__proto__": {"polluted": true}}}'));
    expect(made).toEqual({ ok: true, value: { x: 1 } });
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });

  it.each([
    ["steps.a.output & steps.b.output.x", ["a", "b"]],
    ["$$.steps.a.output", ["a"]],
    ["input.items.($$.steps.a.output)", ["a"]],
    ["input.items[steps = 3].(steps.x)", []],
    ["input.items^(steps.x)", []],
    ["$map(input.items, function($v){ $v.x + steps.q.output })", ["q"]],
    ["steps.`agent-1`.output ? {'x': steps.c.output} : [steps.d.output]", ["agent-1", "c", "d"]],
  ])("%s reads the steps %j", (text, steps) => {
    expect(compileExpression(text)).toMatchObject({ ok: true, steps });
  });
});

describe("a mapping", () => {
  it("makes an object of its fields, leaves out what is missing and names the field of an error", async () => {
    const mapping = compileMapping({ sum: "input.a + 1", none: "input.missing", said: "steps.`agent-1`.output.text" });
    if (!mapping.ok) throw new Error(mapping.message);
    expect(mapping.steps).toEqual(["agent-1"]);
    expect(await mapping.apply(scope)).toEqual({ ok: true, value: { sum: 2, said: "done" } });
    expect(compileMapping({ bad: "1 +" })).toMatchObject({ ok: false, message: expect.stringMatching(/^bad: /) });
  });
});

describe("a text with placeholders", () => {
  it("is filled in, with each value encoded", async () => {
    const template = compileTemplate("/orders/{{ input.text }}?n={{input.a}}&x={{ input.missing }}");
    if (!template.ok) throw new Error(template.message);
    expect(await template.render(scope, encodeURIComponent)).toEqual({
      ok: true,
      value: "/orders/hello%20world?n=1&x=",
    });
  });

  it("is refused with an open placeholder or a wrong expression", () => {
    expect(compileTemplate("a {{ input")).toMatchObject({ ok: false, code: "expression_syntax" });
    expect(compileTemplate("a {{ }}")).toMatchObject({ ok: false, code: "expression_empty" });
  });
});

describe("JSON", () => {
  it("has one canonical text whatever the order of keys, which reads back as the same value", () => {
    const shuffled = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(shuffled);
      if (typeof value !== "object" || value === null) return value;
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([key, member]) => [key, shuffled(member)]),
      );
    };
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(value);
        expect(canonicalJson(shuffled(value))).toBe(text);
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it("is copied within its bounds and refused beyond", () => {
    expect(boundedJson({ a: [1, undefined], b: undefined }, { depth: 2, size: 100 })).toEqual({
      ok: true,
      value: { a: [1, null] },
    });
    expect(boundedJson([[[]]], { depth: 2, size: 100 })).toMatchObject({ code: "too_deep" });
    expect(boundedJson("x".repeat(100), { depth: 2, size: 100 })).toMatchObject({ code: "too_large" });
    expect(boundedJson({ f: () => 1 }, { depth: 2, size: 100 })).toMatchObject({ code: "not_json" });
  });
});
