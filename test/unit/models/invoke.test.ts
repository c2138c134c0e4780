import type { ServerResponse } from "node:http";
import { afterEach, describe, expect, test } from "vitest";
import { createModelInvoker, type ModelEvent, type ModelRequest } from "../../../functions/models/calls/invoke.ts";
import { type CallMeter, unmetered } from "../../../functions/models/calls/meter.ts";
import { customModel, findModel, type Model } from "../../../functions/models/rules/catalogue.ts";
import { withinSpan } from "../../../shared/outbound/trace.ts";
import { delta, events, json, provider, text, toolCalls, usageChunk } from "./provider-server.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const custom = customModel({ provider_config: "lab", provider_model_id: "test-model", max_output_tokens: 100 });
const bedrock = { region: "eu-central-1", endpoint: "http://127.0.0.1:9" };
const answer = { type: "object", required: ["city"], properties: { city: { type: "string" } } };

/** A started provider, an invoker that can reach only it, and a request for it. */
const setUp = async (...handlers: Parameters<typeof provider>) => {
  const server = await provider(...handlers);
  cleanups.push(server.close);
  const invoker = createModelInvoker({ outbound: server.outbound, bedrock, now: () => Date.UTC(2026, 0, 1) });
  const request = (more: Partial<ModelRequest> = {}): ModelRequest => ({
    model: custom,
    connection: { provider: "openai_compatible", name: "lab", base_url: `${server.origin}/v1`, api_key: "sk-test" },
    messages: [{ role: "user", content: "Hello" }],
    idempotency_key: "stp_1.1",
    timeout_ms: 10_000,
    meter: unmetered,
    ...more,
  });
  return { ...server, invoker, request };
};

const collect = async (stream: AsyncIterable<ModelEvent>): Promise<ModelEvent[]> => {
  const all: ModelEvent[] = [];
  for await (const event of stream) all.push(event);
  return all;
};

const model = (id: string): Model => {
  const found = findModel(id);
  if (found === undefined) throw new Error("in the catalogue");
  return found;
};

describe("one answer", () => {
  test("comes with its text, tokens and finish reason; key, prompt and idempotency key reach the provider", async () => {
    const { invoker, request, requests } = await setUp(text("Hi there", [12, 3]));
    const result = await invoker.generate(request({ system: "Be brief", temperature: 0.5 }));
    expect(result).toEqual({
      ok: true,
      content: "Hi there",
      model: "lab/test-model",
      usage: { tokens_in: 12, tokens_out: 3 },
      calls: [{ tokens_in: 12, tokens_out: 3, estimated: false }],
      finish_reason: "stop",
      tool_calls: [],
      retries: 0,
    });
    expect(requests).toHaveLength(1);
    expect(requests[0]?.url).toBe("/v1/chat/completions");
    expect(requests[0]?.headers).toMatchObject({ authorization: "Bearer sk-test", "idempotency-key": "stp_1.1-1" });
    expect(requests[0]?.body).toMatchObject({
      model: "test-model",
      temperature: 0.5,
      messages: [
        { role: "system", content: "Be brief" },
        { role: "user", content: "Hello" },
      ],
    });
  });

  test("is kept as a span with its failure's code, and what the provider calls its model only as far as that is a name", async () => {
    const named = { id: "1", object: "chat.completion", created: 1, model: "x".repeat(300_000) };
    const choices = [{ index: 0, message: { role: "assistant", content: "Hi" }, finish_reason: "stop" }];
    const { invoker, request } = await setUp(json(401, {}), json(200, { ...named, choices }));
    const trace = { trace_id: "4bf92f3577b34da6a3ce929d0e0e4736", sampled: true, state: null };
    const kept = await withinSpan(trace, "00f067aa0ba902b7", async ({ calls }) => {
      await invoker.generate(request());
      await invoker.generate(request({ idempotency_key: "stp_1.1-2" }));
      return calls;
    });
    expect(kept).toMatchObject([{ error: "provider_key_invalid" }, { response_model: "x".repeat(200) }]);
    expect(new Set(kept.map(({ span_id }) => span_id)).size).toBe(2);
  });

  test("max_tokens 0 sends no limit, a limit above the model's is cut, the temperature is clamped or left out", async () => {
    const { invoker, request, requests } = await setUp(text("x", [1, 1]));
    await invoker.generate(request({ max_tokens: 0, temperature: 9 }));
    await invoker.generate(request({ max_tokens: 5_000 }));
    const none: Model = { ...custom, supports: { ...custom.supports, temperature: null } };
    await invoker.generate(request({ model: none, temperature: 0.7 }));
    expect(requests.map(({ body }) => [body.max_tokens, body.temperature])).toEqual([
      [undefined, 2],
      [100, undefined],
      [undefined, undefined],
    ]);
  });

  test("a provider that counts no tokens is metered by an estimate that says so", async () => {
    const { invoker, request } = await setUp(text("12345678"));
    expect(await invoker.generate(request())).toMatchObject({
      calls: [{ tokens_in: 2, tokens_out: 2, estimated: true }],
    });
  });

  test.each([
    ["negative", { prompt_tokens: 1151, completion_tokens: -35 }, { tokens_in: 1151, tokens_out: 2 }],
    ["a fraction", { prompt_tokens: 7.5, completion_tokens: 3 }, { tokens_in: 2, tokens_out: 3 }],
    ["null", { prompt_tokens: 7, completion_tokens: null }, { tokens_in: 7, tokens_out: 2 }],
    ["a text", { prompt_tokens: "7", completion_tokens: 3 }, { tokens_in: 2, tokens_out: 3 }],
    ["absurdly large", { prompt_tokens: 1e15, completion_tokens: 3 }, { tokens_in: 2, tokens_out: 3 }],
    ["not there", { prompt_tokens: 7 }, { tokens_in: 7, tokens_out: 2 }],
    ["a list", [1, 2], { tokens_in: 2, tokens_out: 2 }],
    [
      "with nonsense in its details",
      { prompt_tokens: -1, completion_tokens: -1, prompt_tokens_details: { cached_tokens: "x" } },
      { tokens_in: 2, tokens_out: 2 },
    ],
  ])("a count that is %s is estimated and marked, in whole answers and in streams", async (_, reported, tokens) => {
    const choice = { index: 0, message: { role: "assistant", content: "12345678" }, finish_reason: "stop" };
    const { invoker, request } = await setUp(
      json(200, { id: "x", object: "chat.completion", created: 1, model: "m", choices: [choice], usage: reported }),
      events([delta({ content: "12345678" }), delta({}, "stop"), { ...usageChunk(0, 0), usage: reported }]),
    );
    const calls = [{ ...tokens, estimated: true }];
    expect(await invoker.generate(request())).toMatchObject({ ok: true, content: "12345678", calls });
    expect((await collect(invoker.stream(request()))).at(-1)).toMatchObject({ result: { ok: true, calls } });
  });

  test.each(["error", "network_error", "insufficient_system_resource", "aborted", "whatever"])(
    "an answer that ends with %j is a failed call worth another attempt, metered and without output, also in streams",
    async (word) => {
      const { invoker, request } = await setUp(
        text("The first half of the ans", [9, 6], word),
        events([delta({ content: "The first half" }), delta({}, word), usageChunk(9, 6)]),
      );
      const failed = {
        ok: false,
        error: { code: "model_unavailable", retryable: true },
        usage: { tokens_in: 9, tokens_out: 6 },
      };
      const whole = await invoker.generate(request());
      expect(whole).toMatchObject(failed);
      expect(whole).not.toHaveProperty("content");
      expect((await collect(invoker.stream(request()))).at(-1)).toMatchObject({ result: failed });
    },
  );

  test("an error inside the choice is a failure, whatever the finish reason says", async () => {
    const choice = {
      index: 0,
      message: { role: "assistant", content: "half" },
      finish_reason: null,
      error: { code: 502, message: "Provider returned error" },
    };
    const { invoker, request } = await setUp(
      json(200, { choices: [choice], usage: { prompt_tokens: 9, completion_tokens: 6 } }),
    );
    expect(await invoker.generate(request())).toMatchObject({
      ok: false,
      error: { code: "model_unavailable" },
      calls: [{ tokens_in: 9 }],
    });
  });

  test.each([
    ["eos", "stop"],
    ["end_turn", "stop"],
    ["max_tokens", "length"],
    [null, "other"],
  ])("the finish reason %j of other servers is %s", async (word, reason) => {
    const { invoker, request } = await setUp(text("Hi", [1, 1], word as string));
    expect(await invoker.generate(request())).toMatchObject({ ok: true, content: "Hi", finish_reason: reason });
  });

  test("one bad entry takes nothing else of the answer away", async () => {
    const call = (id: unknown, name: string, args: unknown) => ({
      id,
      type: "function",
      function: { name, arguments: args },
    });
    const message = {
      role: "assistant",
      content: null,
      tool_calls: [null, { id: "x" }, call(7, "weather", { city: "Oslo" })],
    };
    const { invoker, request } = await setUp(
      json(200, {
        id: 5,
        created: "now",
        choices: [{ index: 0, message, finish_reason: "tool_calls" }, null],
        usage: null,
      }),
      text("Sunny", [1, 1]),
    );
    const tools = [{ name: "weather", description: "", parameters: answer }];
    const result = await invoker.generate(request({ tools, execute_tool: async () => ({ ok: true, output: 1 }) }));
    expect(result).toMatchObject({
      ok: true,
      content: "Sunny",
      tool_calls: [{ id: "7", arguments: { city: "Oslo" } }],
    });
  });

  test("a call that was answered and broke off is metered, one that was never answered is not", async () => {
    const { invoker, request } = await setUp(json(200, { unexpected: true }), json(500, {}));
    expect(await invoker.generate(request())).toMatchObject({ ok: false, calls: [{ tokens_in: 2, estimated: true }] });
    expect(await invoker.generate(request())).toMatchObject({ ok: false, calls: [] });
  });

  /** A meter that remembers what it is told of how calls end. */
  const told = () => {
    const ends: { answered: boolean; code: string | undefined; waited_ms: number | undefined }[] = [];
    const meter: CallMeter = {
      open: async () => ({
        close: async (usage, _answer, failure, waited_ms) => {
          ends.push({ answered: usage !== undefined, code: failure?.code, waited_ms });
        },
      }),
    };
    return { ends, meter };
  };

  test("its meter is told how long a provider was silent that ran out of time, and nothing of that where it has said so", async () => {
    const again = json(503, {}, { "retry-after-ms": "400" });
    const { invoker, request } = await setUp(json(504, {}), again, () => {});
    const { ends, meter } = told();
    await invoker.generate(request({ meter }));
    // Most of the time was spent waiting as the provider had asked.
    await invoker.generate(request({ meter, timeout_ms: 5_900 }));
    const [said, silent] = ends;
    expect([said, ends.length]).toEqual([{ answered: false, code: "model_timeout", waited_ms: undefined }, 2]);
    expect(silent).toMatchObject({ answered: false, code: "model_timeout" });
    expect(silent?.waited_ms).toBeGreaterThan(4_000);
    expect(silent?.waited_ms).toBeLessThan(5_600);
  });

  test("its meter is told of a stream that was busy answering when its time was over, and of one that ends with an error", async () => {
    const busy = (response: ServerResponse) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const write = () => response.write(`data: ${JSON.stringify(delta({ content: "on and " }))}\n\n`);
      const pace = setInterval(write, 20);
      response.on("close", () => clearInterval(pace));
    };
    const { invoker, request } = await setUp(
      busy,
      events([delta({ content: "The first half" }), { error: { message: "internal error", type: "server_error" } }]),
    );
    const { ends, meter } = told();
    await collect(invoker.stream(request({ meter, timeout_ms: 1_500 })));
    await collect(invoker.stream(request({ meter })));
    expect(ends).toMatchObject([
      { answered: true, code: "model_timeout" },
      { answered: true, code: "model_unavailable", waited_ms: undefined },
    ]);
  });

  describe("a stream that is stopped while a piece of it is under way", () => {
    /** Pieces as fast as they are taken, without an end. */
    const flood = (response: ServerResponse) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      const write = () => {
        if (response.destroyed) return;
        const more = response.write(`data: ${JSON.stringify(delta({ content: "on and " }))}\n\n`.repeat(50));
        if (more) setImmediate(write);
        else response.once("drain", write);
      };
      write();
    };

    test("has told its meter and is in the usage when it says that its time is over", async () => {
      const { invoker, request } = await setUp(flood);
      const { ends, meter } = told();
      const reader = invoker.stream(request({ meter, timeout_ms: 1_500 }));
      for await (const event of reader)
        if (event.type === "done") {
          const calls = [{ tokens_in: 2, estimated: true }];
          expect(event.result).toMatchObject({ ok: false, error: { code: "model_timeout" }, calls });
          expect(ends).toMatchObject([{ answered: true, code: "model_timeout" }]);
        }
      expect(ends).toHaveLength(1);
    });

    test("has told its meter when its reader has left", async () => {
      const { invoker, request } = await setUp(flood);
      const { ends, meter } = told();
      for await (const event of invoker.stream(request({ meter }))) if (event.type === "text") break;
      expect(ends).toMatchObject([{ answered: true, code: "cancelled" }]);
    });
  });

  test("a stream whose time is over while its meter is still asked tells the meter once that is there", async () => {
    const { invoker, request, requests } = await setUp();
    const { ends, meter } = told();
    const slow: CallMeter = {
      open: async (call) => {
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        return meter.open(call);
      },
    };
    await collect(invoker.stream(request({ meter: slow, timeout_ms: 1_000 })));
    expect(ends).toMatchObject([{ answered: false, code: "model_timeout" }]);
    expect(requests).toEqual([]);
  });

  test("half a character in a prompt or a tool's answer never reaches the provider", async () => {
    const { invoker, request, requests } = await setUp(
      toolCalls([{ id: "a", name: "weather", arguments: { city: "x" } }], [1, 1]),
      text("ok", [1, 1]),
    );
    const tools = [{ name: "weather", description: "", parameters: answer }];
    const execute_tool = async () => ({ ok: true, output: { text: "half \ude00" } }) as const;
    await invoker.generate(request({ system: "cut \ud83d", tools, execute_tool }));
    expect(requests).toHaveLength(2);
    for (const { body } of requests) expect(JSON.stringify(body)).not.toMatch(/\\ud[89a-f]/i);
    expect(JSON.stringify(requests[1]?.body)).toContain("half \ufffd");
  });

  test("a number in a tool's arguments that cannot be kept goes on as it was written", async () => {
    const { invoker, request } = await setUp(
      toolCalls([{ id: "a", name: "refund", arguments: '{"order":7615917337495251231}' }], [1, 1]),
      text("ok", [1, 1]),
    );
    const tools = [{ name: "refund", description: "", parameters: { type: "object" } }];
    const result = await invoker.generate(request({ tools, execute_tool: async () => ({ ok: true, output: 1 }) }));
    expect(result.tool_calls).toMatchObject([{ arguments: { order: "7615917337495251231" } }]);
  });

  test("an answer cut by the token limit says so", async () => {
    const { invoker, request } = await setUp(text("Once upon", [5, 100], "length"));
    expect(await invoker.generate(request())).toMatchObject({ ok: true, finish_reason: "length" });
  });
});

describe("tools", () => {
  const tools = [{ name: "weather", description: "Weather of a city", parameters: answer }];

  test("the model's calls are executed, their results go back, tokens add up, each call has its own idempotency key", async () => {
    const { invoker, request, requests } = await setUp(
      toolCalls([{ id: "call_1", name: "weather", arguments: { city: "Oslo" } }], [10, 5]),
      text("Sunny", [30, 2]),
    );
    const executed: unknown[] = [];
    const result = await invoker.generate(
      request({
        tools,
        execute_tool: async (call) => {
          executed.push(call);
          return { ok: true, output: { degrees: 21 } };
        },
      }),
    );
    const call = { id: "call_1", name: "weather", arguments: { city: "Oslo" } };
    expect(executed).toEqual([call]);
    expect(result).toMatchObject({
      ok: true,
      content: "Sunny",
      usage: { tokens_in: 40, tokens_out: 7 },
      calls: [{ tokens_in: 10 }, { tokens_in: 30 }],
      tool_calls: [{ ...call, outcome: { ok: true, output: { degrees: 21 } } }],
    });
    expect(requests.map(({ headers }) => headers["idempotency-key"])).toEqual(["stp_1.1-1", "stp_1.1-2"]);
    expect(requests[0]?.body.tools).toMatchObject([{ function: { name: "weather", parameters: answer } }]);
    expect(requests[1]?.body.messages).toMatchObject([{}, {}, { role: "tool", content: '{"degrees":21}' }]);
  });

  test("tools that are asked for together run side by side, and all of their results go back", async () => {
    const both = ["a", "b"].map((id) => ({ id, name: "weather", arguments: { city: id } }));
    const { invoker, request, requests } = await setUp(toolCalls(both, [1, 1]), text("Sunny", [1, 1]));
    const meeting = Promise.withResolvers<void>();
    let arrived = 0;
    // Each ends only when the other one has begun.
    const execute_tool = async (): Promise<{ ok: true; output: number }> => {
      if (++arrived === 2) meeting.resolve();
      await meeting.promise;
      return { ok: true, output: arrived };
    };
    const tools = [{ name: "weather", description: "", parameters: answer }];
    const result = await invoker.generate(request({ tools, execute_tool }));
    expect(result).toMatchObject({ ok: true, content: "Sunny", tool_calls: [{ id: "a" }, { id: "b" }] });
    const messages = requests[1]?.body.messages as { role: string }[] | undefined;
    expect(messages?.filter(({ role }) => role === "tool")).toHaveLength(2);
  });

  test("a failed tool is told to the model by code and message; what a thrown error holds never reaches it", async () => {
    const { invoker, request, requests } = await setUp(
      toolCalls([{ id: "a", name: "weather", arguments: { city: "x" } }], [1, 1]),
      toolCalls([{ id: "b", name: "weather", arguments: { city: "y" } }], [1, 1]),
      text("Sorry", [1, 1]),
    );
    const result = await invoker.generate(
      request({
        tools,
        execute_tool: async ({ id }) => {
          if (id === "b") throw new Error("password=hunter2 at 10.0.0.7");
          return { ok: false, code: "tool_timeout", message: "The tool did not answer." };
        },
      }),
    );
    expect(result.tool_calls.map(({ outcome }) => outcome)).toEqual([
      { ok: false, code: "tool_timeout", message: "The tool did not answer." },
      { ok: false, code: "tool_failed", message: "The tool could not be run." },
    ]);
    expect(JSON.stringify(requests)).toContain("tool_timeout");
    expect(JSON.stringify(requests)).not.toContain("hunter2");
  });

  test("a model that calls tools for ever is stopped when what it has spent is enough", async () => {
    const { invoker, request, requests } = await setUp(
      toolCalls([{ id: "a", name: "weather", arguments: { city: "x" } }], [10, 5]),
    );
    const tools = [{ name: "weather", description: "", parameters: answer }];
    const spent: ModelRequest["spent"] = (calls) => calls.reduce((sum, { tokens_in }) => sum + tokens_in, 0) >= 20;
    const result = await invoker.generate(
      request({ tools, execute_tool: async () => ({ ok: true, output: 1 }), spent, response_schema: answer }),
    );
    expect(result).toMatchObject({ ok: true, finish_reason: "max_cost", usage: { tokens_in: 20 } });
    expect(requests).toHaveLength(2);
  });

  test("a model that calls tools for ever is stopped at max_steps", async () => {
    const { invoker, request, requests } = await setUp(
      toolCalls([{ id: "c", name: "weather", arguments: { city: "x" } }], [1, 1]),
    );
    const execute_tool = async () => ({ ok: true, output: 1 }) as const;
    const result = await invoker.generate(request({ tools, execute_tool, max_steps: 3 }));
    expect(requests).toHaveLength(3);
    expect(result).toMatchObject({ ok: true, finish_reason: "max_steps", usage: { tokens_in: 3, tokens_out: 3 } });
  });

  test("a call of a tool that does not exist, or with broken arguments, does not end the run", async () => {
    const { invoker, request } = await setUp(
      toolCalls([{ id: "a", name: "rm_rf", arguments: {} }], [1, 1]),
      toolCalls([{ id: "b", name: "weather", arguments: "{broken" }], [1, 1]),
      text("Done", [1, 1]),
    );
    const result = await invoker.generate(request({ tools, execute_tool: async () => ({ ok: true, output: 1 }) }));
    expect(result).toMatchObject({ ok: true, content: "Done", tool_calls: [] });
  });
});

describe("response schema", () => {
  test("a matching answer is parsed, also out of a code fence; the schema goes as an instruction where the model has no support", async () => {
    const { invoker, request, requests } = await setUp(text('```json\n{"city":"Oslo"}\n```', [1, 1]));
    const result = await invoker.generate(request({ response_schema: answer, system: "Be brief" }));
    expect(result).toMatchObject({ ok: true, object: { city: "Oslo" } });
    expect(JSON.stringify(requests[0]?.body.messages)).toContain("JSON Schema");
  });

  test.each([
    '<think>The user wants a city.</think>\n{"city":"Oslo"}',
    '<think>\nHm {"city":5}\n</think>\n\n```json\n{"city":"Oslo"}\n```',
    'The template opened it.</think>{"city":"Oslo"}',
    '<thinking>x</thinking>{"city":"Oslo"}',
    '{"city":"Oslo"}',
  ])("reasoning in front of the answer is set aside: %j", async (content) => {
    const { invoker, request } = await setUp(text(content, [1, 1]));
    expect(await invoker.generate(request({ response_schema: answer }))).toMatchObject({
      ok: true,
      content,
      object: { city: "Oslo" },
    });
  });

  test("without a schema the text stays as it is, also where JSON holds the word", async () => {
    const { invoker, request } = await setUp(text("<think>a</think>b", [1, 1]), text('{"city":"</think>"}', [1, 1]));
    expect(await invoker.generate(request())).toMatchObject({ content: "<think>a</think>b" });
    expect(await invoker.generate(request({ response_schema: answer }))).toMatchObject({
      object: { city: "</think>" },
    });
  });

  test("the schema goes natively where the model supports it", async () => {
    const { invoker, request, requests } = await setUp(text('{"city":"Oslo"}', [1, 1]));
    const native: Model = { ...custom, supports: { ...custom.supports, response_schema: true } };
    expect(await invoker.generate(request({ model: native, response_schema: answer }))).toMatchObject({
      object: { city: "Oslo" },
    });
    expect(requests[0]?.body.response_format).toMatchObject({ type: "json_schema", json_schema: { schema: answer } });
  });

  test.each(["no json", '{"town":"Oslo"}', '{"city":5}', '{"city":'])(
    "the answer %j is asked for once more; when that is no better it is a mismatch, and both are counted",
    async (content) => {
      const { invoker, request, requests } = await setUp(text(content, [7, 8]));
      expect(await invoker.generate(request({ response_schema: answer }))).toMatchObject({
        ok: false,
        error: { code: "response_schema_mismatch", retryable: true },
        calls: [{ tokens_in: 7 }, { tokens_in: 7 }],
      });
      expect(requests).toHaveLength(2);
    },
  );

  test("an answer that does not match is mended by the model, which is told why; also in streams", async () => {
    const wrong = events([delta({ content: '{"town":"Oslo"}' }), delta({}, "stop"), usageChunk(7, 8)]);
    const right = text('{"city":"Oslo"}', [20, 4]);
    const { invoker, request, requests } = await setUp(text('{"town":"Oslo"}', [7, 8]), right, wrong, right);
    const mended = { ok: true, content: '{"city":"Oslo"}', object: { city: "Oslo" }, repaired: true };
    const both = { calls: [{ tokens_in: 7 }, { tokens_in: 20 }] };
    const tools = [{ name: "weather", description: "", parameters: answer }];
    const asked = request({ response_schema: answer, tools, execute_tool: async () => ({ ok: true, output: 1 }) });
    expect(await invoker.generate(asked)).toMatchObject({ ...mended, ...both });
    expect((await collect(invoker.stream(asked))).at(-1)).toMatchObject({ result: { ...mended, ...both } });
    for (const { body } of [requests[1], requests[3]] as { body: Record<string, unknown> }[]) {
      expect(body.tools).toBeUndefined();
      expect(body.messages).toMatchObject([
        { role: "system" },
        { role: "user", content: "Hello" },
        { role: "assistant", content: '{"town":"Oslo"}' },
        { role: "user", content: expect.stringContaining("city") },
      ]);
    }
  });

  test("nothing is mended once too much is spent", async () => {
    const { invoker, request, requests } = await setUp(text("no json", [7, 8]));
    const result = await invoker.generate(request({ response_schema: answer, spent: () => true }));
    expect([result.ok, requests.length]).toEqual([false, 1]);
  });

  test("nothing is mended once as many calls were made as may be", async () => {
    const { invoker, request, requests } = await setUp(text("no json", [7, 8]));
    const result = await invoker.generate(request({ response_schema: answer, max_steps: 1 }));
    expect([result.ok, requests.length]).toEqual([false, 1]);
  });
});

describe("failures", () => {
  const secret = "sk-leak internal-host-7";
  const problem = (message: string, more: object = {}) => ({
    error: { message: `${message} ${secret}`, type: "x", ...more },
  });

  test.each([
    [401, problem("Incorrect API key provided"), "provider_key_invalid", false],
    [403, problem("Forbidden"), "provider_key_invalid", false],
    [402, problem("Payment required"), "provider_quota_exceeded", false],
    [404, problem("No such model"), "model_not_found", false],
    [400, problem("This model's maximum context length is 8192 tokens"), "context_too_long", false],
    [400, problem("prompt is too long: 210000 tokens"), "context_too_long", false],
    [400, problem("flagged", { code: "content_filter" }), "model_refused", false],
    [400, problem("unknown parameter"), "model_request_invalid", false],
    [400, problem("Your credit balance is too low"), "provider_quota_exceeded", false],
    [429, problem("slow down"), "model_rate_limited", true],
    [429, problem("quota", { code: "insufficient_quota" }), "provider_quota_exceeded", false],
    [408, problem("timeout"), "model_timeout", true],
    [500, problem("oops"), "model_unavailable", true],
    [503, "not even json", "model_unavailable", true],
    [529, problem("overloaded"), "model_unavailable", true],
    [302, {}, "model_unavailable", true],
    [200, { unexpected: secret }, "model_answer_invalid", true],
  ])(
    "status %i %j is %s, tried once, and says nothing of the provider's text",
    async (status, body, code, retryable) => {
      const { invoker, request, requests } = await setUp(json(status, body));
      const result = await invoker.generate(request());
      expect(result).toMatchObject({ ok: false, error: { code, retryable } });
      expect(JSON.stringify(result)).not.toContain("leak");
      expect(requests).toHaveLength(1);
    },
  );

  test.each([
    [{ "retry-after": "7" }, 7_000],
    [{ "retry-after-ms": "1500", "retry-after": "9" }, 1_500],
    [{ "retry-after": "Thu, 01 Jan 2026 00:00:30 GMT" }, 30_000],
    [{ "retry-after": "86400" }, 300_000],
    [{ "retry-after": "soon" }, undefined],
  ])("Retry-After %j is passed on as %j ms", async (headers, expected) => {
    const { invoker, request, requests } = await setUp(json(429, {}, headers));
    const result = await invoker.generate(request({ timeout_ms: 6_000 }));
    if (result.ok) throw new Error("must fail");
    expect([result.error.retry_after_ms, requests.length, result.retries]).toEqual([expected, 1, 0]);
  });

  test.each([429, 503, 529])(
    "after status %i the call comes again when the provider says, and twice at most",
    async (status) => {
      const again = json(status, {}, { "retry-after-ms": "20" });
      const { invoker, request, requests } = await setUp(again, text("Hi", [1, 1]), again);
      expect(await invoker.generate(request())).toMatchObject({ ok: true, retries: 1, calls: [{ tokens_in: 1 }] });
      expect(await invoker.generate(request())).toMatchObject({ ok: false, retries: 2, calls: [] });
      // The same call each time, for providers that look at its key.
      expect(requests.map(({ headers }) => headers["idempotency-key"])).toEqual(Array(5).fill("stp_1.1-1"));
    },
  );

  test("a call that is cancelled while its provider is waited for ends with that", async () => {
    const cancel = new AbortController();
    const { invoker, request, requests } = await setUp((response) => {
      json(429, {}, { "retry-after": "60" })(response);
      setTimeout(() => cancel.abort(), 50);
    });
    const result = await invoker.generate(request({ timeout_ms: 300_000, signal: cancel.signal }));
    expect(result).toMatchObject({ ok: false, error: { code: "cancelled" }, retries: 1, calls: [] });
    expect(requests).toHaveLength(1);
  });

  test("the tokens of the calls before the failure are reported", async () => {
    const { invoker, request } = await setUp(
      toolCalls([{ id: "a", name: "weather", arguments: { city: "x" } }], [10, 5]),
      json(500, {}),
    );
    const tools = [{ name: "weather", description: "", parameters: answer }];
    const result = await invoker.generate(request({ tools, execute_tool: async () => ({ ok: true, output: 1 }) }));
    expect(result).toMatchObject({
      ok: false,
      error: { code: "model_unavailable" },
      usage: { tokens_in: 10, tokens_out: 5 },
    });
    expect(result.tool_calls).toHaveLength(1);
  });

  test("out of time, cancelled, no key, and an address that may not be called are told apart", async () => {
    const { invoker, request, requests } = await setUp(() => {});
    const code = async (more: Partial<ModelRequest>) => {
      const result = await invoker.generate(request(more));
      return result.ok ? "ok" : result.error.code;
    };
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    expect(await code({ timeout_ms: 150 })).toBe("model_timeout");
    expect(await code({ signal: controller.signal })).toBe("cancelled");
    expect(await code({ signal: AbortSignal.abort() })).toBe("cancelled");
    expect(requests.length).toBeLessThanOrEqual(2);
    expect(await code({ model: model("openai/gpt-4o"), connection: { provider: "openai", api_key: "" } })).toBe(
      "provider_key_missing",
    );
    const inside = { provider: "openai_compatible", name: "lab", base_url: "http://169.254.169.254/v1" } as const;
    expect(await code({ connection: inside })).toBe("provider_address_blocked");
    const closed = { provider: "openai_compatible", name: "lab", base_url: "https://127.0.0.1:1/v1" } as const;
    expect(await code({ connection: closed })).toBe("provider_address_blocked");
  });

  test("a content filter's finish is a refusal", async () => {
    const { invoker, request } = await setUp(text("", [4, 0], "content_filter"));
    expect(await invoker.generate(request())).toMatchObject({
      ok: false,
      error: { code: "model_refused" },
      usage: { tokens_in: 4 },
    });
  });
});

describe("streaming", () => {
  test("text arrives in parts while the provider still writes, and the result comes last", async () => {
    const { invoker, request } = await setUp(
      events([
        delta({ role: "assistant", content: "Hel" }),
        delta({ content: "lo" }),
        delta({}, "stop"),
        usageChunk(4, 2),
      ]),
    );
    const all = await collect(invoker.stream(request()));
    expect(all.slice(0, -1)).toEqual([
      { type: "text", text: "Hel" },
      { type: "text", text: "lo" },
    ]);
    expect(all.at(-1)).toMatchObject({
      type: "done",
      result: { ok: true, content: "Hello", usage: { tokens_in: 4, tokens_out: 2 }, finish_reason: "stop" },
    });
  });

  test("the first part is delivered before the provider has sent the second", async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { invoker, request } = await setUp(async (response) => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write(`data: ${JSON.stringify(delta({ content: "first" }))}\n\n`);
      await gate;
      response.write(`data: ${JSON.stringify(delta({ content: "second" }))}\n\n`);
      response.end(`data: ${JSON.stringify(delta({}, "stop"))}\n\ndata: [DONE]\n\n`);
    });
    const stream = invoker.stream(request());
    expect((await stream.next()).value).toEqual({ type: "text", text: "first" });
    release();
    expect((await collect(stream)).map(({ type }) => type)).toEqual(["text", "done"]);
  });

  test("tool calls and their results are events, and the answer goes on after them", async () => {
    const call = {
      index: 0,
      id: "call_1",
      type: "function",
      function: { name: "weather", arguments: '{"city":"Oslo"}' },
    };
    const { invoker, request } = await setUp(
      events([delta({ tool_calls: [call] }), delta({}, "tool_calls"), usageChunk(3, 1)]),
      events([delta({ content: "Sunny" }), delta({}, "stop"), usageChunk(9, 1)]),
    );
    const tools = [{ name: "weather", description: "", parameters: answer }];
    const all = await collect(
      invoker.stream(request({ tools, execute_tool: async () => ({ ok: false, code: "x", message: "y" }) })),
    );
    expect(all.slice(0, -1)).toEqual([
      { type: "tool_call", id: "call_1", name: "weather", arguments: { city: "Oslo" } },
      { type: "tool_result", id: "call_1", name: "weather", ok: false },
      { type: "text", text: "Sunny" },
    ]);
    expect(all.at(-1)).toMatchObject({ result: { ok: true, usage: { tokens_in: 12, tokens_out: 2 } } });
  });

  test.each([
    ["a failing status", json(503, { error: { message: "leak" } }), "model_unavailable"],
    ["a wrong key", json(401, {}), "provider_key_invalid"],
    [
      "a stream that breaks off",
      (response: { writeHead: CallableFunction; destroy: () => void }) => {
        response
          .writeHead(200, { "content-type": "text/event-stream" })
          .write(`data: ${JSON.stringify(delta({ content: "a" }))}\n\n`);
        setTimeout(() => response.destroy(), 20);
      },
      "model_unavailable",
    ],
    [
      "an error event",
      events([delta({ content: "a" }), { error: { message: "overloaded_error leak", type: "x" } }]),
      "model_unavailable",
    ],
    ["no stream at all", json(200, "nonsense"), "model_answer_invalid"],
  ])("%s ends with one done event that says how", async (_, handler, code) => {
    const { invoker, request } = await setUp(handler);
    const all = await collect(invoker.stream(request()));
    expect(all.filter(({ type }) => type === "done")).toHaveLength(1);
    expect(all.at(-1)).toMatchObject({ type: "done", result: { ok: false, error: { code } } });
    expect(JSON.stringify(all)).not.toContain("leak");
  });

  test("a reader that stops closes the connection to the provider", async () => {
    let closed = () => {};
    const gone = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { invoker, request } = await setUp((response) => {
      response.on("close", closed);
      void events([delta({ content: "endless" })], false)(response);
    });
    for await (const event of invoker.stream(request())) {
      expect(event).toEqual({ type: "text", text: "endless" });
      break;
    }
    await gone;
  });

  test("a stream out of time or cancelled ends with that", async () => {
    const { invoker, request } = await setUp(events([delta({ content: "a" })], false));
    expect((await collect(invoker.stream(request({ timeout_ms: 200 })))).at(-1)).toMatchObject({
      result: { error: { code: "model_timeout" } },
    });
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    expect((await collect(invoker.stream(request({ signal: controller.signal })))).at(-1)).toMatchObject({
      result: { error: { code: "cancelled" } },
    });
  });
});

describe("each provider's own protocol", () => {
  test("OpenAI and Azure: chat completions with the key in their header", async () => {
    const { invoker, request, requests, origin } = await setUp(text("ok", [1, 1]));
    const openai = { provider: "openai", api_key: "sk-o", base_url: `${origin}/v1` } as const;
    expect(await invoker.generate(request({ model: model("openai/gpt-4o"), connection: openai }))).toMatchObject({
      content: "ok",
    });
    const azure = {
      provider: "azure",
      api_key: "az-k",
      resource_name: "r",
      base_url: `${origin}/openai`,
      deployment: "prod-4o",
    } as const;
    expect(await invoker.generate(request({ model: model("azure/gpt-4o"), connection: azure }))).toMatchObject({
      content: "ok",
    });
    expect(requests[0]).toMatchObject({ url: "/v1/chat/completions", headers: { authorization: "Bearer sk-o" } });
    expect(requests[1]).toMatchObject({
      url: "/openai/chat/completions",
      headers: { "api-key": "az-k" },
      body: { model: "prod-4o" },
    });
  });

  test("Anthropic: messages", async () => {
    const { invoker, request, requests, origin } = await setUp(
      json(200, {
        id: "msg_1",
        type: "message",
        role: "assistant",
        model: "claude",
        content: [{ type: "text", text: "Bonjour" }],
        stop_reason: "end_turn",
        stop_sequence: null,
        usage: { input_tokens: 11, output_tokens: 2 },
      }),
    );
    const connection = { provider: "anthropic", api_key: "sk-a", base_url: `${origin}/v1` } as const;
    const result = await invoker.generate(
      request({ model: model("anthropic/claude-sonnet-4-5"), connection, temperature: 1.5 }),
    );
    expect(result).toMatchObject({ ok: true, content: "Bonjour", usage: { tokens_in: 11, tokens_out: 2 } });
    expect(requests[0]).toMatchObject({
      url: "/v1/messages",
      headers: { "x-api-key": "sk-a" },
      body: { temperature: 1 },
    });
  });

  test("Google: generateContent", async () => {
    const { invoker, request, requests, origin } = await setUp(
      json(200, {
        candidates: [{ content: { role: "model", parts: [{ text: "Ciao" }] }, finishReason: "STOP" }],
        usageMetadata: { promptTokenCount: 6, candidatesTokenCount: 1, totalTokenCount: 7 },
      }),
    );
    const connection = { provider: "google", api_key: "g-k", base_url: `${origin}/v1beta` } as const;
    const result = await invoker.generate(request({ model: model("google/gemini-2.5-flash"), connection }));
    expect(result).toMatchObject({ ok: true, content: "Ciao", usage: { tokens_in: 6, tokens_out: 1 } });
    expect(requests[0]).toMatchObject({
      url: "/v1beta/models/gemini-2.5-flash:generateContent",
      headers: { "x-goog-api-key": "g-k" },
    });
  });

  test("Amazon Bedrock: Converse, signed with the role's credentials, at the configured endpoint", async () => {
    const { request, requests, origin, outbound } = await setUp(
      json(200, {
        output: { message: { role: "assistant", content: [{ text: "Hallo" }] } },
        stopReason: "end_turn",
        usage: { inputTokens: 8, outputTokens: 1, totalTokens: 9 },
      }),
      json(429, { message: "Too many requests, leak" }),
      json(403, { message: "User arn:leak is not authorized" }),
    );
    const credentials = async () => ({
      accessKeyId: "AKIDEXAMPLE",
      secretAccessKey: "secret",
      sessionToken: "session",
    });
    const invoker = createModelInvoker({
      outbound,
      bedrock: { region: "eu-central-1", endpoint: origin, credentials },
    });
    const bedrockRequest = request({
      model: model("amazon-bedrock/nova-lite"),
      connection: { provider: "amazon-bedrock" },
    });
    expect(await invoker.generate(bedrockRequest)).toMatchObject({
      ok: true,
      content: "Hallo",
      usage: { tokens_in: 8, tokens_out: 1 },
    });
    expect(decodeURIComponent(requests[0]?.url ?? "")).toBe("/model/amazon.nova-lite-v1:0/converse");
    expect(requests[0]?.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE\/\d{8}\/eu-central-1\/bedrock\/aws4_request/,
    );
    expect(requests[0]?.headers["x-amz-security-token"]).toBe("session");
    expect(await invoker.generate(bedrockRequest)).toMatchObject({ error: { code: "model_rate_limited" } });
    expect(await invoker.generate(bedrockRequest)).toMatchObject({ error: { code: "provider_key_invalid" } });
  });

  test("Amazon Bedrock: a guardrail goes along, and what it stops is no answer", async () => {
    const stopped = {
      output: { message: { role: "assistant", content: [{ text: "Sorry, I cannot answer that." }] } },
      stopReason: "guardrail_intervened",
      usage: { inputTokens: 8, outputTokens: 0, totalTokens: 8 },
    };
    const { request, requests, origin, outbound } = await setUp(json(200, stopped));
    const credentials = async () => ({ accessKeyId: "A", secretAccessKey: "s" });
    const invoker = createModelInvoker({
      outbound,
      bedrock: { region: "eu-central-1", endpoint: origin, credentials },
    });
    const guarded = request({
      model: model("amazon-bedrock/claude-haiku-4-5"),
      connection: { provider: "amazon-bedrock" },
      guardrail: { id: "gr8zq1p4x0c2", version: "3" },
    });
    expect(await invoker.generate(guarded)).toMatchObject({
      ok: false,
      error: { code: "guardrail_intervened", retryable: false },
      usage: { tokens_in: 8, tokens_out: 0 },
    });
    expect(requests[0]?.body.guardrailConfig).toEqual({ guardrailIdentifier: "gr8zq1p4x0c2", guardrailVersion: "3" });
    const { guardrail: _, ...unguarded } = guarded;
    await invoker.generate(unguarded);
    expect(requests[1]?.body).not.toHaveProperty("guardrailConfig");
  });
});
