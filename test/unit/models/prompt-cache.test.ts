import fc from "fast-check";
import { afterEach, describe, expect, it } from "vitest";
import { createModelInvoker, type ModelRequest } from "../../../functions/models/calls/invoke.ts";
import { unmetered } from "../../../functions/models/calls/meter.ts";
import { costOf, worstCostOf } from "../../../functions/models/calls/resolve.ts";
import { believedUsage } from "../../../functions/models/calls/rules/counts.ts";
import { resolveWith } from "../../../functions/models/model.ts";
import { findModel, models } from "../../../functions/models/rules/catalogue.ts";
import { costAtPrice, type Price, priceVersions } from "../../../functions/models/rules/prices.ts";
import { json, provider } from "./provider-server.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const DECEMBER = new Date("2026-12-15T00:00:00.000Z");

const resolved = (id: string) => {
  const found = resolveWith(id, undefined, DECEMBER);
  if (found === undefined) throw new Error(`no model ${id}`);
  return found;
};

const asked = async (id: string, answer: object, more: Partial<ModelRequest> = {}) => {
  const server = await provider(json(200, answer));
  cleanups.push(server.close);
  const credentials = async () => ({ accessKeyId: "A", secretAccessKey: "s" });
  const invoker = createModelInvoker({
    outbound: server.outbound,
    bedrock: { region: "eu-central-1", endpoint: server.origin, credentials },
  });
  const model = findModel(id);
  if (model === undefined) throw new Error(`no model ${id}`);
  const result = await invoker.generate({
    model,
    connection:
      model.provider === "amazon-bedrock"
        ? { provider: "amazon-bedrock" }
        : { provider: model.provider as "anthropic", api_key: "sk", base_url: `${server.origin}/v1` },
    system: "You are brief.",
    messages: [{ role: "user", content: "Hello" }],
    idempotency_key: "k",
    timeout_ms: 10_000,
    meter: unmetered,
    ...more,
  });
  return { result, body: server.requests[0]?.body };
};

const claude = (usage: object) => ({
  type: "message",
  id: "msg_1",
  role: "assistant",
  model: "m",
  content: [{ type: "text", text: "Yes" }],
  stop_reason: "end_turn",
  stop_sequence: null,
  usage,
});
const converse = (usage: object) => ({
  output: { message: { role: "assistant", content: [{ text: "Yes" }] } },
  stopReason: "end_turn",
  usage,
});

describe("a prompt that the provider is asked to keep", () => {
  it("is marked at its end for Anthropic, and what was read and written is counted apart", async () => {
    const usage = {
      input_tokens: 10,
      output_tokens: 5,
      cache_creation_input_tokens: 200,
      cache_read_input_tokens: 1_000,
    };
    const { result, body } = await asked("anthropic/claude-sonnet-4-5", claude(usage), { cache_prompt: true });
    expect(body?.system).toEqual([{ type: "text", text: "You are brief.", cache_control: { type: "ephemeral" } }]);
    expect(result.calls).toEqual([
      { tokens_in: 1_210, tokens_out: 5, tokens_cache_read: 1_000, tokens_cache_write: 200, estimated: false },
    ]);
    // 10 at 3, 1,000 at 0.3, 200 at 3.75, 5 at 15 dollars a million.
    expect(costOf(resolved("anthropic/claude-sonnet-4-5"), result.calls).cost_usd_micros).toBe(30 + 300 + 750 + 75);
  });

  it("is followed by a cache point for Claude on Bedrock, and by none for others there", async () => {
    const usage = {
      inputTokens: 4,
      outputTokens: 1,
      totalTokens: 105,
      cacheReadInputTokens: 100,
      cacheWriteInputTokens: 0,
    };
    const { result, body } = await asked("amazon-bedrock/claude-haiku-4-5", converse(usage), { cache_prompt: true });
    expect(body?.system).toEqual([{ text: "You are brief." }, { cachePoint: { type: "default" } }]);
    expect(result.calls).toEqual([{ tokens_in: 104, tokens_out: 1, tokens_cache_read: 100, estimated: false }]);
    for (const id of ["amazon-bedrock/nova-lite", "amazon-bedrock/llama-3.3-70b"]) {
      const other = await asked(id, converse(usage), { cache_prompt: true });
      expect(other.body?.system).toEqual([{ text: "You are brief." }]);
    }
  });

  it("ends before what was found for the message, which differs from call to call", async () => {
    const more = { cache_prompt: true, found: "Pears are ripe." };
    const anthropic = await asked("anthropic/claude-sonnet-4-5", claude({ input_tokens: 10, output_tokens: 5 }), more);
    expect(anthropic.body?.system).toEqual([
      { type: "text", text: "You are brief.", cache_control: { type: "ephemeral" } },
      { type: "text", text: "Pears are ripe." },
    ]);
    const usage = { inputTokens: 4, outputTokens: 1, totalTokens: 5 };
    const bedrock = await asked("amazon-bedrock/claude-haiku-4-5", converse(usage), more);
    expect(bedrock.body?.system).toEqual([
      { text: "You are brief." },
      { cachePoint: { type: "default" } },
      { text: "Pears are ripe." },
    ]);
    // Servers that are asked for nothing get one text: some take no second.
    const other = await asked("amazon-bedrock/nova-lite", converse(usage), more);
    expect(other.body?.system).toEqual([{ text: "You are brief.\n\nPears are ripe." }]);
    const alone = await asked("amazon-bedrock/claude-haiku-4-5", converse(usage), { ...more, system: undefined });
    expect(alone.body?.system).toEqual([{ text: "Pears are ripe." }]);
  });

  it("is not marked where nobody asks for it", async () => {
    const { body } = await asked("anthropic/claude-sonnet-4-5", claude({ input_tokens: 10, output_tokens: 5 }));
    expect(body?.system).toEqual([{ type: "text", text: "You are brief." }]);
  });
});

describe("what a provider says of its cache", () => {
  const texts = { prompt: "p".repeat(40), answer: "a" };

  it("is believed as parts of a prompt that was counted, and of nothing else", () => {
    const count = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(undefined, -1, 1.5, Number.NaN, "7"));
    fc.assert(
      fc.property(count, count, count, (tokens_in, cache_read, cache_write) => {
        const usage = believedUsage({ tokens_in, tokens_out: 1, cache_read, cache_write }, texts);
        const { tokens_cache_read: read = 0, tokens_cache_write: written = 0 } = usage;
        expect(read + written).toBeLessThanOrEqual(usage.tokens_in);
        for (const part of [read, written]) expect(Number.isInteger(part) && part >= 0).toBe(true);
        if (usage.estimated) expect(read + written).toBe(0);
      }),
    );
  });
});

describe("what calls cost", () => {
  it("is never more than their worst case, however much of the prompt is kept", () => {
    const anyModel = fc.constantFrom(...models.map(({ id }) => id));
    const tokens = fc.integer({ min: 0, max: 400_000 });
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(anyModel, tokens, tokens, part, part, fc.boolean(), (id, tokens_in, tokens_out, a, b, asks) => {
        const model = resolved(id);
        const keeps = model.model.supports.prompt_cache === "automatic" || asks;
        const read = keeps ? Math.floor(tokens_in * a) : 0;
        const written = keeps ? Math.floor((tokens_in - read) * b) : 0;
        const call = { tokens_in, tokens_out, tokens_cache_read: read, tokens_cache_write: written, estimated: false };
        const worst = worstCostOf(model, { tokens_in, tokens_out }, { cache_prompt: asks });
        expect(costOf(model, [call]).cost_usd_micros).toBeLessThanOrEqual(worst);
      }),
    );
  });

  it("is as before where nothing is kept, and where no price says what that costs", () => {
    const price: Price = { input: 3_000_000, output: 15_000_000 };
    const usage = { tokens_in: 1_000, tokens_out: 10 };
    expect(costAtPrice({ ...usage, tokens_cache_read: 600, tokens_cache_write: 400 }, price)).toBe(
      costAtPrice(usage, price),
    );
    const [november, december] = priceVersions;
    for (const [id, before] of Object.entries(november?.prices ?? {})) {
      const after = december?.prices[id];
      if (after === undefined) throw new Error(`${id} has no price`);
      expect([costAtPrice(usage, after), id]).toEqual([costAtPrice(usage, before), id]);
    }
  });

  it("to read what is kept is never more than other input, long prompts too", () => {
    for (const { prices } of priceVersions)
      for (const price of Object.values(prices))
        for (const { input, cache_read = input, cache_write = input } of [price, ...(price.long ? [price.long] : [])]) {
          expect(cache_read).toBeLessThanOrEqual(input);
          expect(cache_write).toBeGreaterThanOrEqual(input);
        }
  });
});
