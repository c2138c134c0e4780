import { EventSourceParserStream } from "eventsource-parser/stream";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { monthUsage } from "../../../functions/usage/store.ts";
import { askedOf, createAgent, scriptedModel } from "../../support/agents.ts";
import { type Company, eventually, registerCompany, unique } from "../../support/api.ts";
import { officialMcpServer } from "../../support/mcp-server.ts";
import { stackTable } from "../../support/stack.ts";
import { eventTypesOf } from "../../support/traces.ts";

let company: Company;
let model_id: string;
beforeAll(async () => {
  company = await registerCompany();
  model_id = await scriptedModel(company);
});

interface Seen {
  readonly event: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into data of many shapes
  readonly data: any;
  /** Milliseconds since the request was sent. */
  readonly at: number;
}

async function open(own: Company, agent_id: string, body: unknown, signal?: AbortSignal): Promise<Response> {
  return fetch(`${inject("stack").streamUrl}/api/v1/agents/${agent_id}/execute/stream`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${own.token}` },
    body: JSON.stringify(body),
    ...(signal === undefined ? {} : { signal }),
  });
}

async function* read(answer: Response, from: number): AsyncGenerator<Seen> {
  if (answer.body === null) throw new Error("no body");
  const parts = answer.body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  for await (const { event, data } of parts) {
    yield { event: event ?? "", data: JSON.parse(data), at: performance.now() - from };
  }
}

async function stream(own: Company, agent_id: string, body: unknown): Promise<Seen[]> {
  const from = performance.now();
  const answer = await open(own, agent_id, body);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toContain("text/event-stream");
  const events: Seen[] = [];
  for await (const event of read(answer, from)) events.push(event);
  return events;
}

describe("a streamed execution", () => {
  it("shows the answer while it is made, then its usage and cost, which are recorded by then", async () => {
    const fresh = await registerCompany();
    const agent = await createAgent(fresh, { model_id: await scriptedModel(fresh) });
    const message = `[[say:one two three four five six seven eight]] [[pace:60]] ${unique()}`;
    const from = performance.now();
    const answer = await open(fresh, agent.id, { message });
    const seen: Seen[] = [];
    for await (const event of read(answer, from)) {
      seen.push(event);
      if (event.event === "done") {
        const usage = await monthUsage(stackTable().of(fresh.organization_id), new Date().toISOString().slice(0, 7));
        expect(usage.records).toBe(1);
        expect(usage.tokens_out).toBe(event.data.usage.tokens_out);
      }
    }
    expect(seen[0]).toMatchObject({
      event: "start",
      data: { type: "start", agent_id: agent.id, model: "scripted/small" },
    });
    const pieces = seen.filter(({ event }) => event === "content");
    expect(pieces.length).toBeGreaterThan(4);
    const done = seen.at(-1);
    expect(done).toMatchObject({
      event: "done",
      data: {
        content: "one two three four five six seven eight",
        usage: { tokens_in: expect.any(Number), tokens_out: expect.any(Number) },
        cost_usd_micros: expect.any(Number),
        finish_reason: "stop",
      },
    });
    expect(pieces.map(({ data }) => data.content).join("")).toBe(done?.data.content);
    // The first piece came while the model was still speaking.
    expect((done?.at ?? 0) - (pieces[0]?.at ?? 0)).toBeGreaterThan(300);
    expect(await eventTypesOf(fresh)).toContain("agent.executed");
  });

  it("tells of tool calls and their results", async () => {
    const agent = await createAgent(company, { model_id });
    await company.call("POST", `/agents/${agent.id}/tools`, {
      name: "double",
      description: "Doubles a number",
      tool_type: "function",
      config: {
        parameters: { type: "object", properties: { n: { type: "number" } }, required: ["n"] },
        expression: "n * 2",
      },
    });
    const seen = await stream(company, agent.id, { message: "Please double 21" });
    const call = seen.find(({ event }) => event === "tool_call");
    expect(call?.data).toMatchObject({ name: "double", arguments: { n: 21 } });
    expect(seen.find(({ event }) => event === "tool_result")?.data).toMatchObject({ id: call?.data.id, ok: true });
    expect(seen.at(-1)?.data.content).toContain("42");
  });

  it("is asked with a prompt of an MCP server; one that cannot be had is the stream's error", async () => {
    const server = await officialMcpServer();
    try {
      const agent = await createAgent(company, { model_id });
      const config = { server: server.url, tools: [], prompts: ["review"] };
      const tool = { name: "team", description: "What the team knows", tool_type: "mcp", config };
      expect((await company.call("POST", `/agents/${agent.id}/tools`, tool)).status).toBe(201);
      const mark = unique("streamed");
      const prompt = { tool: "team", name: "review", arguments: { text: mark } };
      const seen = await stream(company, agent.id, { prompt });
      expect(seen.at(-1)).toMatchObject({ event: "done", data: { prompt: { name: "review", messages: 3 } } });
      const sent = (await askedOf(mark)).at(-1)?.body.messages;
      expect(sent.at(-1)).toEqual({ role: "user", content: `Review this: ${mark}` });
      const missing = await stream(company, agent.id, { prompt: { tool: "team", name: "review" } });
      expect(missing.map(({ event }) => event)).toEqual(["start", "error"]);
      expect(missing[1]?.data).toMatchObject({
        code: "validation_failed",
        message: expect.stringContaining("text is required"),
      });
    } finally {
      await server.close();
    }
  });

  it("that fails on the way ends with an error, and what can be refused before is refused with a status", async () => {
    const agent = await createAgent(company, { model_id });
    const failed = await stream(company, agent.id, { message: "[[fail:500]]" });
    expect(failed.map(({ event }) => event)).toEqual(["start", "error"]);
    expect(failed[1]?.data).toMatchObject({ type: "error", code: "provider_failed" });
    const cut = await stream(company, agent.id, { message: "[[say:a b c d e f g h]] [[cut]]" });
    expect(cut.at(-1)).toMatchObject({ event: "error", data: { code: "provider_failed" } });
    const wrong = await open(company, agent.id, { message: "" });
    expect(wrong.status).toBe(422);
    expect(((await wrong.json()) as { code: string }).code).toBe("validation_failed");
    await company.call("DELETE", `/agents/${agent.id}`);
    expect((await open(company, agent.id, { message: "Hi" })).status).toBe(409);
    expect((await open(company, "agt_00000000000000000000000000", { message: "Hi" })).status).toBe(404);
    const anonymous = await fetch(`${inject("stack").streamUrl}/api/v1/agents/${agent.id}/execute/stream`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ message: "Hi" }),
    });
    expect(anonymous.status).toBe(401);
  });

  it("asks the provider for a stream", async () => {
    const agent = await createAgent(company, { model_id });
    const message = unique("Stream");
    await stream(company, agent.id, { message });
    const asked = await eventually(async () => (await askedOf(message))[0], "the model was asked");
    expect(asked.body.stream).toBe(true);
  });

  it("that nobody reads to its end is recorded all the same", async () => {
    const fresh = await registerCompany();
    const agent = await createAgent(fresh, { model_id: await scriptedModel(fresh) });
    const reader = new AbortController();
    const answer = await open(fresh, agent.id, { message: "[[say:a b c d e f]] [[pace:50]]" }, reader.signal);
    for await (const { event } of read(answer, 0)) if (event === "content") break;
    reader.abort();
    await eventually(
      async () => ((await eventTypesOf(fresh)).includes("agent.executed") ? true : undefined),
      "the execution is recorded",
    );
    const usage = await monthUsage(stackTable().of(fresh.organization_id), new Date().toISOString().slice(0, 7));
    expect(usage.records).toBe(1);
  });
});
