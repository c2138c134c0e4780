import fc from "fast-check";
import { expect, test } from "vitest";
import { mayGoOn, timeFor, together } from "../../../functions/executions/run/rules/fallback.ts";

const failed = (code: string, more: object = {}) => ({
  ok: false,
  error: { code, retryable: true },
  model: "lab/m",
  usage: { tokens_in: 1, tokens_out: 2 },
  model_calls: 1,
  estimated: false,
  cost_usd_micros: 3,
  retries: 0,
  tool_calls: [] as unknown[],
  unrecorded: [] as unknown[],
  ...more,
});

test.each([
  ["model_unavailable", true],
  ["model_rate_limited", true],
  ["model_timeout", true],
  ["context_too_long", true],
  ["provider_key_missing", true],
  ["model_request_invalid", false],
  ["model_refused", false],
  ["response_schema_mismatch", false],
  ["quota_exceeded", false],
  ["cancelled", false],
])("after %s another model is asked: %s; never once something was said or done", (code, goes) => {
  expect(mayGoOn(failed(code), false)).toBe(goes);
  expect(mayGoOn(failed(code), true)).toBe(false);
  expect(mayGoOn(failed(code, { tool_calls: [{}] }), false)).toBe(false);
});

test("the models that are asked never get more time than there is, and each that is not the last leaves some", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1_000, max: 300_000 }), fc.boolean(), (left, first) => {
      const time = timeFor(left, first, false);
      if (!first && left < 2_000) expect(time).toBeUndefined();
      else if (left > 0) expect(time).toBeLessThan(left);
      if (left >= 2_000) expect(timeFor(left, first, true)).toBe(left);
    }),
  );
});

test("what all models have used is one sum, and whose answer it is stays its own", () => {
  const answered = { ...failed(""), error: undefined, ok: true, model: "lab/n", content: "Hi" };
  const whole = together([failed("model_timeout"), answered as never]);
  expect(whole).toMatchObject({ ok: true, model: "lab/n", usage: { tokens_in: 2, tokens_out: 4 }, cost_usd_micros: 6 });
  expect(whole.tried).toEqual([
    { model: "lab/m", code: "model_timeout", tokens_in: 1, tokens_out: 2, cost_usd_micros: 3 },
  ]);
});

test("when all fail, the own model's failure is told, every tool that was called, and repeating is up to the last one", () => {
  const last = failed("model_request_invalid", {
    error: { code: "model_request_invalid", retryable: false },
    tool_calls: [{ name: "refund" }],
  });
  const whole = together([failed("model_rate_limited"), last]);
  expect(whole).toMatchObject({
    error: { code: "model_rate_limited", retryable: false },
    tool_calls: [{ name: "refund" }],
  });
});
