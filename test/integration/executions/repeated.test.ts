import { afterEach, describe, expect, it } from "vitest";
import type { AgentSnapshot } from "../../../functions/agents/public.ts";
import { storedToolConfig } from "../../../functions/agents/tools/public.ts";
import { type AgentRunDeps, type AgentRunInput, runAgent } from "../../../functions/executions/run/agent.ts";
import { circuitItem } from "../../../functions/models/circuits/store.ts";
import { createModelInvoker } from "../../../functions/models/public.ts";
import { modelProviderItem } from "../../../functions/models/store.ts";
import { monthUsage } from "../../../functions/usage/store.ts";
import { compileExpression } from "../../../shared/expressions/expression.ts";
import { newId } from "../../../shared/ids.ts";
import { createOutbound } from "../../../shared/outbound/index.ts";
import { createSecrets } from "../../../shared/secrets/index.ts";
import { officialMcpServer } from "../../support/mcp-server.ts";
import { stackTable } from "../../support/stack.ts";
import { delta, events, provider, text, toolCalls } from "../../unit/models/provider-server.ts";
import { memoryKeys } from "../../unit/secrets/memory-keys.ts";
import { blobs } from "../runs/harness.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const at = new Date("2026-11-15T12:00:00.000Z");
const parameters = { type: "object", properties: { a: { type: "number" } } };

/** An organization with an own provider, and an agent with a tool on it. */
const setUp = (...handlers: Parameters<typeof provider>) => setUpWith(1_000, ...handlers);

async function setUpWith(max_tokens: number, ...handlers: Parameters<typeof provider>) {
  return setUpFor({ max_tokens }, ...handlers);
}

async function setUpFor(definition: Partial<AgentSnapshot["definition"]>, ...handlers: Parameters<typeof provider>) {
  const server = await provider(...handlers);
  cleanups.push(server.close);
  const tenant = newId("organization", new Date());
  const table = stackTable(at);
  await table.of(tenant).transact([
    table.of(tenant).writes.create(modelProviderItem, {
      name: "lab",
      type: "openai_compatible",
      display_name: "Lab",
      base_url: `${server.origin}/v1`,
      resource_name: null,
      api_version: null,
      deployment: null,
      api_key_last4: null,
      models: [
        {
          name: "m",
          provider_model_id: "m",
          max_output_tokens: 50_000,
          price: { input: 1_000_000, output: 1_000_000 },
        },
        { name: "n", provider_model_id: "n", price: { input: 2_000_000, output: 2_000_000 } },
      ],
      updated_at: at.toISOString(),
      organization_id: tenant,
      sealed_api_key: null,
      created_at: at.toISOString(),
      etag: "e",
    }),
  ]);
  const snapshot: AgentSnapshot = {
    organization_id: tenant,
    agent_id: newId("agent", at),
    version: 1,
    definition: {
      name: "A",
      description: "",
      agent_type: "chat",
      model_id: "lab/m",
      fallback_model_ids: [],
      cache_prompt: false,
      guardrail: null,
      retrieval: { mode: "auto", model_id: "amazon-bedrock/titan-embed-text-v2", top_k: 8, budget_tokens: 16_000 },
      capabilities: [],
      system_prompt: "",
      temperature: 0,
      max_tokens: 1_000,
      response_schema: null,
      tags: [],
      metadata: {},
      ...definition,
    },
    contexts: [],
    tools: [
      {
        id: newId("agent_tool", at),
        tool_type: "function",
        name: "twice",
        description: "Twice",
        config: { parameters, expression: "a * 2" },
        is_enabled: true,
      },
    ],
  };
  const deps: AgentRunDeps = {
    table,
    blobs: { load: async () => "" },
    files: { bytes: async () => undefined },
    secrets: createSecrets({ keys: memoryKeys() }),
    invoker: createModelInvoker({ outbound: server.outbound, bedrock: { region: "eu-central-1" } }),
    outbound: server.outbound,
    compile_expression: compileExpression,
    clock: { now: () => at },
  };
  const run = (
    work: string,
    more: Partial<AgentRunInput["meter"]> = {},
    limits: Partial<AgentRunInput> = {},
    other: { readonly tools?: AgentSnapshot["tools"]; readonly outbound?: AgentRunDeps["outbound"] } = {},
  ) =>
    runAgent(
      { ...snapshot, ...(other.tools === undefined ? {} : { tools: other.tools }) },
      {
        ...limits,
        input: "hi",
        idempotency_key: work,
        timeout_ms: limits.timeout_ms ?? 10_000,
        meter: {
          plan: "free",
          actor: { type: "system", id: "test" },
          work: { kind: "run_step", id: work },
          answers: { blobs: blobs(), place: `runs/30/${tenant}/${work.split("/")[0]}/` },
          run_id: null,
          circuits: { open: new Set(), audit_days: 400 },
          ...more,
        },
      },
      { ...deps, outbound: other.outbound ?? deps.outbound },
    );
  return { ...server, run, tenant: table.of(tenant), usage: () => monthUsage(table.of(tenant), "2026-11") };
}

describe("a step whose task is repeated after a fault", () => {
  it("is given the resources and the prompt of the first try, whatever their server says by then", async () => {
    const { run, requests } = await setUp(text("Thirty.", [10, 5]));
    const docs = await officialMcpServer();
    const outbound = createOutbound({ allow_http: true, allow: [docs.host] });
    let is_open = true;
    const close = async () => {
      if (is_open) await docs.close();
      is_open = false;
    };
    cleanups.push(() => outbound.close(), close);
    const { config } = storedToolConfig.parse({
      tool_type: "mcp",
      config: { server: docs.url, tools: [], resources: ["docs://team/handbook"], prompts: ["review"] },
    });
    const tools: AgentSnapshot["tools"] = [
      { id: newId("agent_tool", at), tool_type: "mcp", name: "team", description: "Docs", config, is_enabled: true },
    ];
    const asked = { prompt: { tool: "team", name: "review", arguments: { text: "a" } } };
    const first = await run("run_9/agent/1", {}, asked, { tools, outbound });
    expect(first).toMatchObject({ ok: true, content: "Thirty.", resources: [{ bytes: 25 }], prompt: { messages: 3 } });
    await close();
    expect(await run("run_9/agent/1", {}, asked, { tools, outbound })).toEqual(first);
    expect(requests).toHaveLength(1);
    // Another attempt is another work.
    expect(await run("run_9/agent/2", {}, asked, { tools, outbound })).toMatchObject({
      ok: false,
      error: { code: "prompt_unavailable", retryable: true },
    });
  });

  it("does not call the model again, tool rounds included, and is metered once", async () => {
    const { run, requests, usage } = await setUp(
      toolCalls([{ id: "c", name: "twice", arguments: { a: 2 } }], [10, 5]),
      text("four", [20, 2]),
    );
    const first = await run("run_1/agent/1");
    expect(first).toMatchObject({ ok: true, content: "four", model_calls: 2 });
    // Whatever became of the first: nothing of it was committed.
    const repeated = await run("run_1/agent/1");
    expect(repeated).toEqual(first);
    expect(requests).toHaveLength(2);
    expect(await usage()).toEqual({ records: 2, tokens_in: 30, tokens_out: 7, cost_usd_micros: 37 });
  });

  it("goes on after the calls that the first attempt has made", async () => {
    const { run, requests, usage } = await setUp(
      toolCalls([{ id: "c", name: "twice", arguments: { a: 2 } }], [10, 5]),
      (response) => response.writeHead(500).end(),
      text("four", [20, 2]),
    );
    expect(await run("run_1/agent/1")).toMatchObject({ ok: false, error: { code: "model_unavailable" } });
    expect(await run("run_1/agent/1")).toMatchObject({ ok: true, content: "four", model_calls: 2 });
    expect(requests).toHaveLength(3);
    expect(await usage()).toMatchObject({ records: 2, tokens_in: 30 });
  });

  it("gets the answers that are kept though the provider is left alone meanwhile, and calls it no more", async () => {
    const { run, requests, tenant, usage } = await setUp(
      toolCalls([{ id: "c", name: "twice", arguments: { a: 2 } }], [10, 5]),
      text("four", [20, 2]),
    );
    const first = await run("run_1/agent/1");
    await tenant.transact([
      tenant.writes.create(circuitItem, {
        provider: "lab",
        state: "open",
        since: at.toISOString(),
        failures: 5,
        window_ends_at: at.toISOString(),
        opened: 1,
        retry_at: new Date(at.getTime() + 15_000).toISOString(),
        last_error: null,
        etag: "c",
      }),
    ]);
    const circuits = { open: new Set(["lab"]), audit_days: 400 };
    expect(await run("run_1/agent/1", { circuits })).toEqual(first);
    expect(await run("run_1/agent/2", { circuits })).toMatchObject({
      ok: false,
      error: { code: "provider_unavailable", retryable: true, retry_after_ms: 15_000 },
      model_calls: 0,
    });
    expect(requests).toHaveLength(2);
    expect((await usage()).records).toBe(2);
  });

  it("is another attempt, or another execution, when it is no repetition", async () => {
    const { run, requests } = await setUp(text("a", [1, 1]));
    await run("run_1/agent/1");
    await run("run_1/agent/2");
    await run("exe_1", { work: { kind: "execute", id: "exe_1" }, answers: undefined });
    await run("exe_1", { work: { kind: "execute", id: "exe_1" }, answers: undefined });
    expect(requests).toHaveLength(4);
  });

  it("with a nonsense count gets its answer, and its estimate is recorded", async () => {
    const { run, usage } = await setUp(text("the answer", [1151, -35]));
    expect(await run("run_1/agent/1")).toMatchObject({
      ok: true,
      content: "the answer",
      estimated: true,
      usage: { tokens_in: 1151, tokens_out: 3 },
    });
    expect(await usage()).toMatchObject({ records: 1, tokens_in: 1151, tokens_out: 3 });
  });
});

describe("25 executions at once, each reserving nearly half of the month's tokens", () => {
  it("exactly 2 reach the model, the others are told limit and usage", async () => {
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { run, requests } = await setUpWith(45_000, async (response) => {
      await gate;
      text("x", [1, 1])(response);
    });
    const running = Array.from({ length: 25 }, (_, i) =>
      run(`exe_${i}`, { work: { kind: "execute", id: `exe_${i}` }, answers: undefined }),
    );
    let refused = 0;
    for (const one of running)
      void one.then((result) => {
        if (!result.ok && result.error.code === "quota_exceeded" && ++refused === 23) release();
      });
    const results = await Promise.all(running);
    expect(requests).toHaveLength(2);
    expect(results.filter(({ ok }) => ok)).toHaveLength(2);
    const [one] = results.filter(({ ok }) => !ok);
    expect(one).toMatchObject({
      error: { code: "quota_exceeded", refusal: { status: 402, options: { members: { limit: 100_000 } } } },
      model_calls: 0,
    });
  });
});

describe("an agent that names further models", () => {
  const fallback_model_ids = ["lab/gone", "lab/n"];
  const down = (response: Parameters<Parameters<typeof provider>[0]>[0]) => response.writeHead(500).end();
  const half = text("The first half of the", [9, 6], "error");

  it("is answered by the next one that can, and pays for all that were asked, once", async () => {
    const { run, requests, usage } = await setUpFor({ fallback_model_ids }, half, text("Hi", [20, 2]));
    const first = await run("run_1/agent/1");
    expect(first).toMatchObject({
      ok: true,
      content: "Hi",
      model: "lab/n",
      usage: { tokens_in: 29, tokens_out: 8 },
      cost_usd_micros: 15 + 44,
      model_calls: 2,
      tried: [
        { model: "lab/m", code: "model_unavailable", tokens_in: 9, tokens_out: 6, cost_usd_micros: 15 },
        { model: "lab/gone", code: "unknown_model", cost_usd_micros: 0 },
      ],
    });
    expect(requests.map(({ body }) => body.model)).toEqual(["m", "n"]);
    expect(await usage()).toEqual({ records: 2, tokens_in: 29, tokens_out: 8, cost_usd_micros: 59 });
    // The task is repeated after a fault: nothing is asked again, nor paid for.
    expect(await run("run_1/agent/1")).toMatchObject({ ok: true, content: "Hi", model: "lab/n" });
    expect(requests).toHaveLength(2);
    expect((await usage()).records).toBe(2);
  });

  it("fails as its own model did where none can answer, and says of each why", async () => {
    const { run, requests } = await setUpFor({ fallback_model_ids }, down, text("no", [1, 1], "error"));
    expect(await run("exe_1")).toMatchObject({
      ok: false,
      model: "lab/m",
      error: { code: "model_unavailable" },
      tried: [{ code: "model_unavailable" }, { code: "unknown_model" }, { code: "model_unavailable" }],
    });
    expect(requests).toHaveLength(2);
  });

  it("asks none of them where the request is at fault, a tool was called, or something was said", async () => {
    const bad = await setUpFor({ fallback_model_ids }, (response) => response.writeHead(400).end("{}"));
    expect(await bad.run("exe_1")).toMatchObject({ ok: false, error: { code: "model_request_invalid" } });
    expect(bad.requests).toHaveLength(1);
    const acted = await setUpFor(
      { fallback_model_ids },
      toolCalls([{ id: "c", name: "twice", arguments: { a: 2 } }], [10, 5]),
      down,
    );
    expect(await acted.run("exe_1")).toMatchObject({ ok: false, tool_calls: [{ name: "twice" }] });
    expect(acted.requests).toHaveLength(2);
    const spoken = await setUpFor(
      { fallback_model_ids },
      events([delta({ content: "The first" }), delta({}, "error")]),
    );
    const said: unknown[] = [];
    const on_delta = (one: unknown) => void said.push(one);
    expect(await spoken.run("exe_1", {}, { on_delta })).toMatchObject({
      ok: false,
      error: { code: "model_unavailable" },
    });
    expect([said, spoken.requests.length]).toEqual([[{ type: "text", text: "The first" }], 1]);
  });

  it.each([{ max_cost_usd_micros: 15 }, { max_steps: 1 }])(
    "asks no further one beyond %j of all together",
    async (limit) => {
      const { run, requests } = await setUpFor({ fallback_model_ids }, half, text("Hi", [20, 2]));
      expect(await run("exe_1", {}, limit)).toMatchObject({ ok: false, model: "lab/m", cost_usd_micros: 15 });
      expect(requests).toHaveLength(1);
    },
  );

  it("leaves time for the next one when one is silent", async () => {
    const { run, requests } = await setUpFor({ fallback_model_ids: ["lab/n"] }, () => {}, text("Hi", [1, 1]));
    const result = await run("exe_1", {}, { timeout_ms: 15_000 });
    expect(result).toMatchObject({ ok: true, model: "lab/n", tried: [{ model: "lab/m", code: "model_timeout" }] });
    expect(requests).toHaveLength(2);
  });
});
