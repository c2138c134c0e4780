import { describe, expect, it } from "vitest";
import type { StepView } from "../../../functions/runs/model.ts";
import { MOST_SPANS } from "../../../functions/runs/tracing/model.ts";
import { answerOf } from "../../../functions/runs/tracing/rules/answer.ts";
import { runSpanId, stepSpanId, traceWithin } from "../../../functions/runs/tracing/rules/ids.ts";
import { runSpan, type SpannedRun, stepSpans } from "../../../functions/runs/tracing/rules/spans.ts";
import { tracedBy } from "../../../shared/tracing/kept.ts";
import { otlpOf, otlpSchema, type Span } from "../../../shared/tracing/otlp.ts";
import { stepView } from "../../support/step-view.ts";

const TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736";
const RUN = "run_01JDQ4X0Z5V8W3N7K2M9R6T1BC";
const PIPELINE = "pip_01JDQ4X0Z5V8W3N7K2M9R6T1BC";

const run: SpannedRun = {
  id: RUN,
  kind: "pipeline",
  mode: "live",
  status: "completed",
  target_id: PIPELINE,
  pinned: { pipeline_id: PIPELINE, revision: 3, agents: {}, pipelines: {} },
  labels: ["nightly"],
  error: null,
  parent_run_id: null,
  trace_id: TRACE_ID,
  parent_span_id: "00f067aa0ba902b7",
  trace_sampled: false,
  trace_state: "a=1",
  created_at: "2026-05-01T10:00:00.000Z",
  finished_at: "2026-05-01T10:00:02.500Z",
};
const totals = { steps: 2, tokens_in: 10, tokens_out: 5, cost_usd_micros: 7 };

const step = stepView({
  run_id: RUN,
  node_id: "ask",
  kind: "agent",
  started_at: "2026-05-01T10:00:00.100Z",
  finished_at: "2026-05-01T10:00:01.100Z",
  duration_ms: 1_000,
  model: "openai/gpt-4o-mini",
  tokens_in: 10,
  tokens_out: 5,
  cost_usd_micros: 7,
  handle: null,
  output_bytes: 20,
  output: "the answer",
});

const AGENT = { id: "agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC", name: "Greeter", version: 2 };
const stepSpan = (of: SpannedRun, view: StepView) => stepSpans(of, view, { agent: null, calls: [], sent: null })[0];

describe("the span of a run", () => {
  it("is a child of the caller's, from the request to the end", () => {
    expect(runSpan(run, totals, "Triage")).toMatchObject({
      trace_id: TRACE_ID,
      span_id: runSpanId(RUN),
      parent_span_id: "00f067aa0ba902b7",
      sampled: false,
      state: "a=1",
      name: "invoke_workflow Triage",
      started_at: run.created_at,
      finished_at: run.finished_at,
      error: undefined,
      attributes: {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": "Triage",
        "kaizen.pipeline.id": PIPELINE,
        "kaizen.pipeline.revision": 3,
        "kaizen.run.labels": ["nightly"],
        "kaizen.cost_usd_micros": 7,
      },
    });
  });

  it("is not there while it goes on", () => {
    expect(runSpan({ ...run, status: "running", finished_at: null }, totals, undefined)).toBeUndefined();
  });

  it.each([
    ["failed", { code: "model_timeout", message: "said: secret" }, "model_timeout"],
    ["failed", null, "failed"],
    ["timed_out", null, "timed_out"],
    ["stopped", { code: "starter_removed", message: "" }, undefined],
  ] as const)("that is %s says why as a code, where it is a failure", (status, error, code) => {
    expect(runSpan({ ...run, status, error }, totals, undefined)?.error).toBe(code);
  });
});

describe("the span of an attempt", () => {
  it("that asked a model has the names of the conventions, and nothing of what was answered", () => {
    const span = stepSpan(run, step);
    expect(span).toMatchObject({
      name: "invoke_agent ask",
      kind: "internal",
      span_id: stepSpanId(RUN, "ask", 1),
      parent_span_id: runSpanId(RUN),
      attributes: {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.provider.name": "openai",
        "kaizen.model.id": "openai/gpt-4o-mini",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
      },
    });
    expect(JSON.stringify(span)).not.toContain("the answer");
  });

  it("that failed names its code, and each attempt is another span", () => {
    const failed = { ...step, status: "failed", error: { code: "http_timeout", message: "quotes" } } as const;
    expect(stepSpan(run, failed)?.error).toBe("http_timeout");
    expect(stepSpan(run, { ...step, attempt: 2 })?.span_id).not.toBe(stepSpan(run, step)?.span_id);
  });

  it.each([
    ["goes on", { status: "running", finished_at: null }],
    ["was skipped", { status: "skipped", started_at: null }],
    ["waits for its first turn", { status: "waiting", started_at: null, finished_at: null }],
  ] as const)("is not there where it %s", (_, more) => {
    expect(stepSpan(run, { ...step, ...more })).toBeUndefined();
  });

  it("of a request says where it went and how that was answered", () => {
    const sent = { method: "GET", address: "api.example.com", status: 503 };
    const [span] = stepSpans(run, { ...step, kind: "http", model: null }, { agent: null, calls: [], sent });
    expect(span?.attributes).toMatchObject({
      "http.request.method": "GET",
      "server.address": "api.example.com",
      "http.response.status_code": 503,
    });
  });

  it("of a request is a client's, of all else an internal one", () => {
    const of = (kind: string) => stepSpan(run, { ...step, kind, model: null });
    expect(of("http")).toMatchObject({ kind: "client", name: "http ask" });
    expect(of("tool")).toMatchObject({ kind: "internal", name: "tool ask" });
    expect(of("transform")).toMatchObject({ kind: "internal", name: "transform ask" });
  });
});

it("a run within a run is a child of the step that runs it, in the same trace and as its caller keeps it", () => {
  const within = traceWithin(run, "map", 2);
  expect(within).toEqual({
    trace_id: TRACE_ID,
    parent_span_id: stepSpanId(RUN, "map", 2),
    sampled: false,
    state: "a=1",
  });
  const child = { ...run, id: "run_01JDQ4X0Z5V8W3N7K2M9R6T1BD", ...tracedBy(within), parent_run_id: RUN };
  expect(runSpan(child, totals, undefined)?.parent_span_id).toBe(
    stepSpan(run, { ...step, node_id: "map", attempt: 2 })?.span_id,
  );
});

describe("the spans of what an attempt called", () => {
  const call = { number: 1, started_at: "2026-05-01T10:00:00.200Z", finished_at: "2026-05-01T10:00:00.900Z" };
  const spans = stepSpans(run, step, {
    agent: AGENT,
    calls: [
      {
        ...call,
        operation: "chat",
        name: "claude-haiku",
        provider: "amazon-bedrock",
        response_model: "claude-haiku-4",
        sent: { method: "POST", address: "models.example.com", status: 200 },
        usage: { tokens_in: 10, tokens_out: 5, tokens_cache_read: 4 },
      },
      { ...call, number: 2, operation: "execute_tool", name: "order", error: "tool_timeout" },
    ],
    sent: null,
  });

  it("stand within the agent's, which has its name", () => {
    expect(spans.map(({ name }) => name)).toEqual(["invoke_agent Greeter", "chat claude-haiku", "execute_tool order"]);
    expect(spans[0]?.attributes).toMatchObject({ "gen_ai.agent.id": AGENT.id, "gen_ai.agent.version": "2" });
    expect(spans[0]?.attributes).toMatchObject({
      "gen_ai.provider.name": "aws.bedrock",
      "gen_ai.request.model": "claude-haiku",
      "kaizen.model.id": "openai/gpt-4o-mini",
    });
    expect(spans.slice(1).map(({ parent_span_id }) => parent_span_id)).toEqual([spans[0]?.span_id, spans[0]?.span_id]);
    expect(new Set(spans.map(({ span_id }) => span_id)).size).toBe(3);
  });

  it("to a model say which was asked where, and what it used", () => {
    expect(spans[1]).toMatchObject({
      kind: "client",
      error: undefined,
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "aws.bedrock",
        "gen_ai.request.model": "claude-haiku",
        "gen_ai.response.model": "claude-haiku-4",
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 5,
        "gen_ai.usage.cache_read.input_tokens": 4,
        "gen_ai.agent.name": "Greeter",
        "server.address": "models.example.com",
      },
    });
  });

  it("of a tool say which, and why it failed", () => {
    expect(spans[2]).toMatchObject({
      kind: "internal",
      error: "tool_timeout",
      attributes: { "gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "order" },
    });
  });
});

describe("an answer of spans", () => {
  const usual = stepSpan(run, step);
  const spans = (count: number, name: string) => Array.from({ length: count }, () => ({ ...usual, name }) as Span);

  it("holds as many as Lambda answers with, however they are called", () => {
    expect(answerOf("org_1", spans(MOST_SPANS, "ask")).resourceSpans[0]?.scopeSpans[0]?.spans).toHaveLength(MOST_SPANS);
    const refused = expect.objectContaining({ code: "run_too_large" });
    expect(() => answerOf("org_1", spans(MOST_SPANS + 1, "ask"))).toThrow(refused);
    expect(() => answerOf("org_1", spans(MOST_SPANS, "x".repeat(2_000)))).toThrow(refused);
  });
});

describe("OTLP", () => {
  it("has hexadecimal ids, nanoseconds as text and each value under its type", () => {
    const spans = [runSpan(run, totals, undefined), stepSpan(run, step)].filter((one) => one !== undefined);
    const otlp = otlpSchema.parse(otlpOf("org_1", spans));
    const [root, asked] = otlp.resourceSpans[0]?.scopeSpans[0]?.spans ?? [];
    expect(root).toMatchObject({
      traceId: TRACE_ID,
      parentSpanId: "00f067aa0ba902b7",
      traceState: "a=1",
      flags: 0,
      kind: 1,
      startTimeUnixNano: "1777629600000000000",
      endTimeUnixNano: "1777629602500000000",
      status: {},
    });
    expect(root?.attributes).toContainEqual({
      key: "kaizen.run.labels",
      value: { arrayValue: { values: [{ stringValue: "nightly" }] } },
    });
    expect(root?.attributes.map(({ key }) => key)).not.toContain("kaizen.agent.id");
    expect(asked?.attributes).toContainEqual({ key: "gen_ai.usage.input_tokens", value: { intValue: "10" } });
  });
});
