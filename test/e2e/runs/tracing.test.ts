import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askedOf } from "../../support/agents.ts";
import { type Company, unique } from "../../support/api.ts";
import { type Receiver, startReceiver } from "../../support/receiver.ts";
import { outboxTexts } from "../../support/traces.ts";
import { ended, graphOf, lab, pipelineWith } from "./setup.ts";

const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER = "00f067aa0ba902b7";

let company: Company;
let receiver: Receiver;
let pipeline_id: string;
let agent_id: string;
const text = unique("traced");

beforeAll(async () => {
  receiver = await startReceiver();
  const one = await lab();
  ({ company, agent_id } = one);
  pipeline_id = await pipelineWith(
    company,
    graphOf(
      [
        { id: "in", kind: "input" },
        {
          id: "call",
          kind: "http",
          config: { method: "GET", url: `${receiver.url}/traced`, retry: { max_attempts: 2, backoff_ms: 100 } },
        },
        { id: "ask", kind: "agent", config: { agent_id, input_mapping: JSON.stringify(text) } },
        { id: "out", kind: "output" },
      ],
      [
        ["in", "call"],
        ["call", "ask"],
        ["ask", "out"],
      ],
    ),
    "custom",
  );
});
afterAll(() => receiver.close());

describe("a run that is a part of a trace", () => {
  it("carries it on to whatever it calls, each attempt as a span of its own, and shows itself as spans of it", async () => {
    receiver.reply("/traced", { status: 503 }, { status: 200 });
    const started = await company.call(
      "POST",
      `/pipelines/${pipeline_id}/runs`,
      { mode: "test" },
      { traceparent: `00-${TRACE_ID}-${CALLER}-01`, tracestate: "congo=t61rcWkgMzE" },
    );
    expect(started.status, started.text).toBe(202);
    expect(started.body).toMatchObject({ trace_id: TRACE_ID, parent_span_id: CALLER });
    const run = await ended(company, started.body.id);
    expect(run).toMatchObject({ status: "completed", trace_id: TRACE_ID, parent_span_id: CALLER });

    const { body } = await company.call("GET", `/runs/${run.id}/trace`);
    const [{ resource, scopeSpans }] = body.resourceSpans;
    expect(resource.attributes).toContainEqual({ key: "service.name", value: { stringValue: "kaizen-studio" } });
    const spans = scopeSpans[0].spans;
    const named = (name: string) => spans.filter((span: { name: string }) => span.name === name);
    const [root] = spans;
    expect(root).toMatchObject({ traceId: TRACE_ID, spanId: run.span_id, parentSpanId: CALLER, status: {} });
    const calls = named("http call");
    expect(calls.map(({ status }: { status: object }) => status)).toEqual([
      { code: 2, message: "http_status_503" },
      {},
    ]);
    expect(new Set(spans.map(({ traceId }: { traceId: string }) => traceId))).toEqual(new Set([TRACE_ID]));

    expect(receiver.at("/traced").map(({ headers }) => [headers.traceparent, headers.tracestate])).toEqual(
      calls.map(({ spanId }: { spanId: string }) => [`00-${TRACE_ID}-${spanId}-01`, "congo=t61rcWkgMzE"]),
    );
    const [asked] = await askedOf(text);
    const invoked = spans.find(({ name }: { name: string }) => name.startsWith("invoke_agent"));
    const chat = spans.find(({ name }: { name: string }) => name.startsWith("chat "));
    expect([invoked.parentSpanId, chat.parentSpanId]).toEqual([run.span_id, invoked.spanId]);
    expect(asked?.headers).toMatchObject({ traceparent: `00-${TRACE_ID}-${chat.spanId}-01` });
    expect(asked?.headers).not.toHaveProperty("tracestate");
    expect(invoked.attributes).toContainEqual({ key: "gen_ai.agent.id", value: { stringValue: agent_id } });
    const { tokens_in } = run.totals;
    expect(chat.attributes).toContainEqual({
      key: "gen_ai.usage.input_tokens",
      value: { intValue: String(tokens_in) },
    });
    expect(JSON.stringify(body)).not.toContain(text);
  });

  it("stays in its trace when the request is sent again from another one, and its events are of that trace", async () => {
    const send = (trace_id: string) =>
      company.call(
        "POST",
        `/pipelines/${pipeline_id}/runs`,
        { mode: "test" },
        { traceparent: `00-${trace_id}-${CALLER}-00`, "idempotency-key": text },
      );
    const first = await send("1".repeat(32));
    const again = await send("2".repeat(32));
    expect(again.body).toEqual(first.body);
    const { id } = await ended(company, first.body.id);
    const told = (await outboxTexts(company)).map((one) => JSON.parse(one).envelope);
    const of = told.filter(({ data }) => data.run_id === id);
    expect(of.map(({ type }) => type)).toEqual(expect.arrayContaining(["run.started", "run.completed"]));
    expect(new Set(of.map(({ trace_id }) => trace_id))).toEqual(new Set(["1".repeat(32)]));
  });

  it("begins its own where the request names none", async () => {
    const started = await company.call("POST", `/pipelines/${pipeline_id}/runs`, { mode: "test" });
    expect(started.body).toMatchObject({ trace_id: expect.stringMatching(/^[0-9a-f]{32}$/), parent_span_id: null });
    await ended(company, started.body.id);
  });
});
