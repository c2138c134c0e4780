import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import type { EmbeddingRequest } from "../../../functions/models/calls/embed.ts";
import { createModelInvoker, type ModelConnection } from "../../../functions/models/calls/invoke.ts";
import { middleOf, mostTokens, partsWithin, unitVectors } from "../../../functions/models/calls/lazy/embedding.ts";
import type { CallMeter } from "../../../functions/models/calls/meter.ts";
import { readVectors } from "../../../functions/models/calls/vectors.ts";
import { customModel, findModel, type Model } from "../../../functions/models/rules/catalogue.ts";
import { json, provider, type Received } from "./provider-server.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const model = (id: string): Model => {
  const found = findModel(id);
  if (found === undefined) throw new Error("in the catalogue");
  return found;
};
const titan = model("amazon-bedrock/titan-embed-text-v2");
const own = customModel({ provider_config: "lab", provider_model_id: "own-embed", kind: "embedding" });

/** A meter that tells what it was told. */
function watched(found?: Awaited<ReturnType<CallMeter["open"]>>["found"]) {
  const opened: unknown[] = [];
  const closed: Parameters<Awaited<ReturnType<CallMeter["open"]>>["close"]>[] = [];
  const meter: CallMeter = {
    open: async (call) => {
      opened.push(call);
      return {
        found,
        close: async (...how) => {
          closed.push(how);
        },
      };
    },
  };
  return { meter, opened, closed };
}

/** A started provider, an invoker that can reach only it, and a call for embeddings there. */
async function setUp(...handlers: Parameters<typeof provider>) {
  const server = await provider(...handlers);
  cleanups.push(server.close);
  const credentials = async () => ({ accessKeyId: "key", secretAccessKey: "secret" });
  const bedrock = { region: "eu-central-1", endpoint: server.origin, credentials };
  const invoker = createModelInvoker({ outbound: server.outbound, bedrock, now: () => Date.UTC(2026, 0, 1) });
  const at: Record<string, ModelConnection> = {
    "amazon-bedrock": { provider: "amazon-bedrock" },
    openai: { provider: "openai", api_key: "sk-test", base_url: `${server.origin}/v1` },
    openai_compatible: { provider: "openai_compatible", name: "lab", base_url: `${server.origin}/v1` },
  };
  const embed = (of: Model, texts: EmbeddingRequest["texts"], more: Partial<EmbeddingRequest> = {}) => {
    const connection = at[of.provider];
    if (connection === undefined) throw new Error("a provider of embeddings");
    const { meter } = watched();
    return invoker.embed({
      ...{ model: of, connection, purpose: "document", texts, number: 1, timeout_ms: 10_000, meter, ...more },
    });
  };
  return { ...server, embed };
}

const numbers = (size: number, first = 1): number[] => [first, ...new Array<number>(size - 1).fill(0)];
const titanSays =
  (tokens: number) =>
  (response: ServerResponse): void =>
    json(200, { embedding: numbers(512), inputTextTokenCount: tokens })(response);
const inputs = ({ body }: Received): string[] => {
  const { input } = body;
  return Array.isArray(input) ? input.map(String) : [];
};
/** Two numbers for each text, as OpenAI answers. */
const openaiSays =
  (size: number) =>
  (response: ServerResponse, received: Received): void =>
    json(200, {
      object: "list",
      data: inputs(received).map((_, index) => ({ object: "embedding", index, embedding: numbers(size) })),
      usage: { prompt_tokens: 7, total_tokens: 7 },
    })(response);

describe("what each family of models is asked", () => {
  test("Titan: one text, so many numbers, of length 1", async () => {
    const { embed, requests } = await setUp(titanSays(3));
    expect(await embed(titan, ["pears"])).toMatchObject({ ok: true, calls: [{ tokens_in: 3, estimated: false }] });
    expect(requests.map(({ url, body }) => [url, body])).toEqual([
      ["/model/amazon.titan-embed-text-v2%3A0/invoke", { inputText: "pears", dimensions: 512, normalize: true }],
    ]);
  });

  test("Cohere's third generation: what the texts are for, and where one that is too long is cut", async () => {
    const { embed, requests } = await setUp(json(200, { embeddings: [numbers(1_024), numbers(1_024)] }));
    const cohere = model("amazon-bedrock/cohere-embed-multilingual-v3");
    expect(await embed(cohere, ["pears", "apples"])).toMatchObject({ ok: true });
    expect(requests.map(({ body }) => body)).toEqual([
      { input_type: "search_document", texts: ["pears", "apples"], truncate: "END" },
    ]);
  });

  test("Cohere's fourth: how many numbers, and no place to cut, which it calls otherwise", async () => {
    const { embed, requests } = await setUp(json(200, { embeddings: { float: [numbers(512)] } }));
    const cohere = model("amazon-bedrock/cohere-embed-v4");
    expect(await embed(cohere, ["pears"], { purpose: "query" })).toMatchObject({ ok: true });
    expect(requests.map(({ body }) => body)).toEqual([
      { input_type: "search_query", texts: ["pears"], output_dimension: 512 },
    ]);
  });

  test("OpenAI: all texts at once, so many numbers", async () => {
    const { embed, requests } = await setUp(openaiSays(512));
    const small = model("openai/text-embedding-3-small");
    expect(await embed(small, ["pears", "apples"])).toMatchObject({ ok: true, calls: [{ tokens_in: 7 }] });
    expect(requests.map(({ body }) => body)).toEqual([
      { model: "text-embedding-3-small", input: ["pears", "apples"], encoding_format: "float", dimensions: 512 },
    ]);
  });

  test("a server of the organization's own: 32 texts a request, which is what such servers take", async () => {
    const { embed, requests } = await setUp(openaiSays(2));
    const texts = Array.from({ length: 96 }, (_, i) => `text ${i}`);
    const { meter, opened, closed } = watched();
    const result = await embed(own, ["first", ...texts.slice(1)], { meter });
    expect(result.ok && result.vectors.map((vector) => [...vector])).toEqual(texts.map(() => [1, 0]));
    expect(requests.map((one) => inputs(one).length)).toEqual([32, 32, 32]);
    // One call for the meter: reserved once, recorded once.
    expect(opened).toHaveLength(1);
    expect(closed).toEqual([[{ tokens_in: 21, tokens_out: 0, estimated: false }, undefined, undefined]]);
  });
});

describe("a call of which a part fails", () => {
  test("keeps what was answered, counts it, and asks no more", async () => {
    const busy = json(429, { message: "slow down" }, { "retry-after": "60" });
    const { embed, requests } = await setUp((response, { body }) =>
      (body.inputText === "text 3" ? busy : titanSays(5))(response),
    );
    const texts = Array.from({ length: 40 }, (_, i) => `text ${i}`);
    const { meter, closed } = watched();
    const result = await embed(titan, ["text 0", ...texts.slice(1)], { meter });
    expect(result).toMatchObject({ ok: false, error: { code: "model_rate_limited", retryable: true } });
    if (result.ok) throw new Error("it failed");
    const answered = [...(result.answered?.keys() ?? [])];
    expect(answered).not.toContain("text 3");
    expect(answered).toContain("text 7"); // was under way
    expect(requests).toHaveLength(answered.length + 1);
    expect(requests.length).toBeLessThan(40);
    const used = { tokens_in: 5 * answered.length, tokens_out: 0, estimated: false };
    expect(closed).toEqual([[used, undefined, expect.objectContaining({ code: "model_rate_limited" })]]);
    expect(result.calls).toEqual([used]);
  });

  test("that nobody answers is not recorded as used", async () => {
    const { embed } = await setUp(json(400, { message: "no" }));
    const { meter, closed } = watched();
    expect(await embed(titan, ["pears"], { meter })).toMatchObject({ ok: false, calls: [], answered: new Map() });
    expect(closed).toEqual([[undefined, undefined, expect.objectContaining({ retryable: false })]]);
  });

  test("by an answer of another size is paid for and has no vectors", async () => {
    const { embed } = await setUp(json(200, { embedding: numbers(3), inputTextTokenCount: 4 }));
    expect(await embed(titan, ["pears"])).toEqual({
      ok: false,
      error: expect.objectContaining({ code: "model_answer_invalid" }),
      calls: [{ tokens_in: 4, tokens_out: 0, estimated: false }],
      answered: new Map(),
    });
  });

  test("a server that gives texts different numbers of numbers has answered nothing", async () => {
    const { embed } = await setUp(openaiSays(2), openaiSays(3));
    const texts = Array.from({ length: 40 }, (_, i) => `text ${i}`);
    const result = await embed(own, ["first", ...texts.slice(1)]);
    expect(result).toMatchObject({ ok: false, error: { code: "model_answer_invalid" }, answered: new Map() });
  });
});

describe("a question's numbers", () => {
  test("are kept with its work, and found there without another call", async () => {
    const { embed, requests } = await setUp(titanSays(9));
    const first = watched();
    const asked = await embed(titan, ["which?"], { purpose: "query", meter: first.meter });
    const [, answer] = first.closed[0] ?? [];
    if (answer === undefined || !asked.ok) throw new Error("it was answered");
    expect(readVectors(answer)).toEqual({ vectors: asked.vectors, tokens_in: 9 });
    const again = watched(answer);
    expect(await embed(titan, ["which?"], { purpose: "query", meter: again.meter })).toEqual(asked);
    expect(requests).toHaveLength(1);
    expect(again.closed).toEqual([]);
  });
});

describe("a text and the window of a model", () => {
  const WINDOW = 512;
  const prose = "The old mill by the river grinds corn, and nobody knows since when it stands. ".repeat(19);
  const chinese = "河边的老磨坊磨着玉米。".repeat(45);
  const cyrillic = "Старая мельница у реки мелет кукурузу. ".repeat(20);
  const table = Array.from({ length: 40 }, (_, i) => `2026-11-30 | ${i}.50 | 981.33 | 0x7f3a\n`).join("");
  const key = "aGVsbG8gd29ybGQsIHRoaXM".repeat(65);

  test.each([
    ["English", prose],
    ["Chinese", chinese],
    ["Russian", cyrillic],
  ])("a piece in %s is asked for whole", (_, text) => {
    expect(partsWithin(text.slice(0, 1_500), WINDOW)).toEqual([text.slice(0, 1_500)]);
  });

  test.each([
    ["a table of numbers", table],
    ["a key", key],
    ["signs of two units", "😀".repeat(700)],
  ])("%s is asked for in parts, each within the window, which joined are the text", (_, text) => {
    const parts = partsWithin(text, WINDOW);
    expect(parts.length).toBeGreaterThan(1);
    expect(parts.join("")).toBe(text);
    for (const part of parts) {
      expect(mostTokens(part)).toBeLessThanOrEqual(WINDOW);
      expect(part.isWellFormed()).toBe(true);
    }
  });

  test("what stands for it is the middle of its parts, of length 1", async () => {
    const vectors = [Float32Array.of(1, 0), Float32Array.of(0, 1)];
    const parts = vectors.map((vector) => ({ text: "abc", vector }));
    const [x, y] = middleOf(parts);
    expect(x).toBeCloseTo(Math.SQRT1_2);
    expect(y).toBeCloseTo(Math.SQRT1_2);
  });

  test("a model with a short window is sent the parts and gives one vector", async () => {
    const { embed, requests } = await setUp((response, { body }) => {
      const { texts } = body;
      const count = Array.isArray(texts) ? texts.length : 0;
      json(200, { embeddings: Array.from({ length: count }, () => numbers(1_024)) })(response);
    });
    const result = await embed(model("amazon-bedrock/cohere-embed-multilingual-v3"), [table, "pears"]);
    expect(result.ok && result.vectors.length).toBe(2);
    expect(requests.map(({ body }) => body.texts)).toEqual([[...partsWithin(table, WINDOW), "pears"]]);
  });
});

describe("vectors", () => {
  test("have length 1; one that is all zero stays so", () => {
    expect(
      unitVectors(
        [
          [3, 4],
          [0, 0],
        ],
        2,
        2,
      )?.map((one) => [...one]),
    ).toEqual([
      [Math.fround(0.6), Math.fround(0.8)],
      [0, 0],
    ]);
  });

  test.each([
    ["too few", [[1, 0]], 2],
    ["another size", [[1, 0, 0]], 1],
    ["no numbers", [[Number.NaN, 0]], 1],
    ["nothing", [[]], 1],
  ])("%s are none", (_, embeddings, wanted) => {
    expect(unitVectors(embeddings, wanted, 2)).toBeUndefined();
  });
});
