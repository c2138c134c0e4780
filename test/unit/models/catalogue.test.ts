import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  clampMaxTokens,
  clampTemperature,
  customModel,
  defaultModelId,
  findModel,
  isProviderConfigName,
  models,
  providers,
} from "../../../functions/models/rules/catalogue.ts";
import {
  costAtPrice,
  costOfCalls,
  costUsdMicros,
  priceVersionAt,
  priceVersions,
} from "../../../functions/models/rules/prices.ts";

test("every model has a unique id under its provider, sensible limits and a price in every version", () => {
  expect(new Set(models.map(({ id }) => id)).size).toBe(models.length);
  for (const model of models) {
    expect(model.id.startsWith(`${model.provider}/`)).toBe(true);
    expect(Object.hasOwn(providers, model.provider)).toBe(true);
    expect(model.id.length).toBeLessThanOrEqual(100);
    expect(model.max_output_tokens).toBeLessThanOrEqual(model.context_window_tokens);
    for (const { version } of priceVersions) {
      expect(
        costUsdMicros({ tokens_in: 1_000_000, tokens_out: 0 }, model.id, version),
        `${model.id} ${version}`,
      ).toBeGreaterThan(0);
    }
  }
});

test("every price belongs to a model, is a positive integer, and output never costs less than input", () => {
  const ids = new Set(models.map(({ id }) => id));
  for (const { prices } of priceVersions) {
    for (const [id, price] of Object.entries(prices)) {
      expect(ids.has(id), id).toBe(true);
      for (const part of [price, ...(price.long ? [price.long] : [])]) {
        expect(Number.isInteger(part.input) && Number.isInteger(part.output) && part.input > 0).toBe(true);
        expect(part.output).toBeGreaterThanOrEqual(part.input);
      }
    }
  }
});

test("a model is found by its id and, for direct providers, by its bare name; anything else is unknown", () => {
  expect(findModel("openai/gpt-4o")?.provider_model_id).toBe("gpt-4o");
  expect(findModel("gpt-4o")?.id).toBe("openai/gpt-4o");
  expect(findModel("claude-sonnet-4-5-20250929")?.id).toBe("anthropic/claude-sonnet-4-5");
  expect(findModel("claude-sonnet-4-5")?.id).toBe("anthropic/claude-sonnet-4-5");
  expect(findModel(defaultModelId)?.provider).toBe("amazon-bedrock");
  for (const unknown of ["", "gpt-4o ", "openai/", "nova-pro", "__proto__", "toString"])
    expect(findModel(unknown)).toBeUndefined();
});

test("a configuration cannot take a provider's name, so no organization shadows a catalogue model", () => {
  expect(isProviderConfigName("ollama-lab")).toBe(true);
  for (const name of ["openai", "amazon-bedrock", "a/b", "A", "", "-x", "x".repeat(41)])
    expect(isProviderConfigName(name)).toBe(false);
  const model = customModel({ provider_config: "ollama-lab", provider_model_id: "qwen3:8b" });
  expect(model).toMatchObject({ id: "ollama-lab/qwen3:8b", provider: "openai_compatible", display_name: "qwen3:8b" });
});

test("temperatures are clamped to the model, and left out where it takes none", () => {
  const [claude, reasoning] = [findModel("claude-sonnet-4-5"), findModel("openai/gpt-5.1")];
  if (claude === undefined || reasoning === undefined) throw new Error("in the catalogue");
  expect([clampTemperature(claude, 1.7), clampTemperature(claude, -1), clampTemperature(claude, 0.3)]).toEqual([
    1, 0, 0.3,
  ]);
  expect([clampTemperature(claude, undefined), clampTemperature(reasoning, 0.7)]).toEqual([undefined, undefined]);
  expect([
    clampMaxTokens(claude, 0),
    clampMaxTokens(claude, undefined),
    clampMaxTokens(claude, 100),
    clampMaxTokens(claude, 1e9),
  ]).toEqual([undefined, undefined, 100, 64_000]);
});

describe("cost", () => {
  const version = "2026-11";

  test.each([
    [{ tokens_in: 0, tokens_out: 0 }, 0],
    [{ tokens_in: 1, tokens_out: 0 }, 3],
    [{ tokens_in: 1_000, tokens_out: 500 }, 10_500],
    [{ tokens_in: 1_000_000, tokens_out: 1_000_000 }, 18_000_000],
  ])("%j on Claude Sonnet 4.5 costs %i micro-dollars", (usage, cost) => {
    expect(costUsdMicros(usage, "anthropic/claude-sonnet-4-5", version)).toBe(cost);
  });

  test("what is left of a micro-dollar is rounded up", () => {
    expect(costUsdMicros({ tokens_in: 1, tokens_out: 0 }, "amazon-bedrock/nova-micro", version)).toBe(1);
    expect(costUsdMicros({ tokens_in: 100, tokens_out: 1 }, "amazon-bedrock/nova-micro", version)).toBe(4);
  });

  test("the whole call is charged the long price from the first token above the threshold", () => {
    const id = "anthropic/claude-haiku-5-5";
    expect(costUsdMicros({ tokens_in: 100_000, tokens_out: 0 }, id, version)).toBe(10_000);
    expect(costUsdMicros({ tokens_in: 100_001, tokens_out: 1_000 }, id, version)).toBe(52_501);
    const calls = Array.from({ length: 3 }, () => ({ tokens_in: 60_000, tokens_out: 0 }));
    expect(costOfCalls(calls, id, version)).toBe(18_000);
  });

  test("an unknown model, custom model or version has no price", () => {
    const usage = { tokens_in: 1, tokens_out: 1 };
    for (const id of ["ollama-lab/qwen3:8b", "gpt-4o", "__proto__"])
      expect(costUsdMicros(usage, id, version)).toBeUndefined();
    expect(costUsdMicros(usage, "openai/gpt-4o", "1999-01")).toBeUndefined();
    expect(costOfCalls([usage], "nobody/knows", version)).toBeUndefined();
    expect(costAtPrice(usage, { input: 0, output: 0 })).toBe(0);
  });

  test("is exact where doubles are not, never shrinks with more tokens, and is at most one micro-dollar too much", () => {
    expect(costAtPrice({ tokens_in: 999_999_999_999, tokens_out: 1 }, { input: 9_999_999, output: 1 })).toBe(
      9_999_999_000_000 - 9,
    );
    fc.assert(
      fc.property(
        fc.nat(10_000_000),
        fc.nat(10_000_000),
        fc.nat(90_000_000),
        fc.nat(90_000_000),
        (a, b, input, output) => {
          const cost = costAtPrice({ tokens_in: a, tokens_out: b }, { input, output });
          const exact = BigInt(a) * BigInt(input) + BigInt(b) * BigInt(output);
          expect(BigInt(cost) * 1_000_000n - exact).toBeGreaterThanOrEqual(0n);
          expect(BigInt(cost) * 1_000_000n - exact).toBeLessThan(1_000_000n);
          expect(costAtPrice({ tokens_in: a + 1, tokens_out: b }, { input, output })).toBeGreaterThanOrEqual(cost);
        },
      ),
    );
  });

  test("the version in force changes at its day, and an old version keeps its prices", () => {
    expect(priceVersionAt(Date.parse("2026-12-31T23:59:59.999Z"))).toBe("2026-12");
    expect(priceVersionAt(Date.parse("2027-01-01T00:00:00.000Z"))).toBe("2027-01");
    expect(priceVersionAt(0)).toBe("2026-11");
    const usage = { tokens_in: 1_000_000, tokens_out: 0 };
    const cost = (price_version: string) => costUsdMicros(usage, "google/gemini-3.8-flash", price_version);
    expect([cost("2026-11"), cost("2027-01")]).toEqual([750_000, 1_500_000]);
  });
});
