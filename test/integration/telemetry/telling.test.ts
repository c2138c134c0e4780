import { gunzipSync } from "node:zlib";
import { beforeEach, describe, expect, it } from "vitest";
import { graphSchema } from "../../../functions/pipelines/graph/public.ts";
import { runItem, runStepItem, type StoredRun } from "../../../functions/runs/store.ts";
import { runSpanId, stepSpanId } from "../../../functions/runs/tracing/rules/ids.ts";
import { tell, tellAgain } from "../../../functions/telemetry/consumers.ts";
import type { TellDeps } from "../../../functions/telemetry/exporting/tell.ts";
import type { StoredExport } from "../../../functions/telemetry/model.ts";
import { headerContext, traceExportHealthItem, traceExportItem } from "../../../functions/telemetry/store.ts";
import type { Envelope } from "../../../shared/change/events.ts";
import { outboxItem } from "../../../shared/change/items.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { organizationItem } from "../../../shared/identity/items.ts";
import { newId } from "../../../shared/ids.ts";
import type { OutboundRequest, OutboundResult } from "../../../shared/outbound/index.ts";
import type { Otlp } from "../../../shared/tracing/otlp.ts";
import { dueOf } from "../../support/due.ts";
import { faultyTable } from "../../support/faulty-table.ts";
import { organizationNamed } from "../../support/organization.ts";
import { stackPlatform, stackTable } from "../../support/stack.ts";
import { all, drive, startRun, unheard } from "../runs/harness.ts";

const graph = graphSchema.parse({
  nodes: [
    { id: "in", kind: "input", label: "in", config: {} },
    { id: "ask", kind: "agent", label: "ask", config: { agent_id: "agt_1" } },
    { id: "out", kind: "output", label: "out", config: {} },
  ],
  connections: [
    { id: "c1", source: "in", target: "ask" },
    { id: "c2", source: "ask", target: "out" },
  ],
});

let run: StoredRun & { readonly tenant: string };
let sent: OutboundRequest[] = [];
const own = () => stackTable().of(run.tenant);
const health = () => own().get(traceExportHealthItem, {});

/** The deployed stack would tell of the run too. */
const quiet = () =>
  faultyTable((_, input) => {
    unheard(input);
    return undefined;
  });

/** A run that has ended, of an organization that has its traces sent. */
async function told(
  more: Partial<StoredExport> = {},
  { status = "active", sampled = true }: { status?: "active" | "suspended"; sampled?: boolean } = {},
): Promise<void> {
  run = await startRun(graph, {});
  await drive(run, { table: quiet(), work: () => ({ ok: true, output: { text: "the answer" } }) });
  const { secrets } = stackPlatform();
  const key = await secrets.encrypt("the-collectors-key", headerContext(run.tenant, "api-key"));
  const now = timestamp(new Date());
  await own().transact([
    own().writes.create(organizationItem, organizationNamed(run.tenant, { status })),
    own().writes.create(traceExportItem, {
      endpoint: "https://collector.example.com/v1/traces",
      headers: [{ name: "api-key", sealed: key }],
      sample_ratio: 1,
      status: "active",
      disabled_reason: null,
      disabled_at: null,
      created_at: now,
      updated_at: now,
      etag: "e",
      ...more,
    }),
    own().writes.update(traceExportHealthItem, {}, { set: { of: "e" } }, {}),
    own().writes.update(runItem, { id: run.id }, { set: { trace_sampled: sampled } }, {}),
  ]);
}

const answer = (status: number, text = "", headers: Record<string, string> = {}): OutboundResult => ({
  ok: true,
  status,
  headers,
  body: Buffer.from(text),
  truncated: false,
});

const deps = (result: OutboundResult, now = new Date()): TellDeps => ({
  table: stackTable(),
  secrets: stackPlatform().secrets,
  clock: { now: () => now },
  outbound: {
    request: async (request) => {
      sent.push(request);
      return result;
    },
  },
  random: () => 0.5,
});

const ended = (): Envelope => ({
  id: "evt_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  type: "run.completed",
  version: 1,
  organization_id: run.tenant,
  actor: { type: "system", id: "test" },
  occurred_at: timestamp(new Date()),
  trace_id: run.trace_id,
  data: { run_id: run.id },
});

const bodyOf = ({ body, headers }: OutboundRequest): Otlp => {
  const bytes = Buffer.from(body ?? "");
  return JSON.parse((headers?.["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes).toString("utf8"));
};
const due = async () => (await dueOf(run.tenant)).filter(({ kind }) => kind === "trace_export");

/** An execution that the organization is told of by its event. */
const executed = async (more: object = {}): Promise<Envelope> => {
  const at = new Date();
  const event = { ...ended(), id: newId("event", at), type: "agent.executed", occurred_at: timestamp(at) };
  const data = {
    agent_id: "agt_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
    execution_id: newId("execution", at),
    thread_id: null,
    version: 3,
    outcome: "timed_out",
    error_code: "model_timeout",
    model: "openai/gpt-4o-mini",
    tried: [],
    tokens_in: 10,
    tokens_out: 0,
    cost_usd_micros: 4,
    price_version: "1",
    tool_calls: 0,
    duration_ms: 1_500,
    parent_span_id: "00f067aa0ba902b7",
    trace_sampled: true,
    ...more,
  };
  const envelope = { ...event, data };
  const day = envelope.occurred_at.slice(0, 10);
  const expires_at = timestamp(addSeconds(at, 86_400));
  // Under another type, of which the deployed stack would tell nobody.
  const kept = { ...envelope, type: "test.executed" };
  await own().transact([own().writes.create(outboxItem, { id: envelope.id, day, envelope: kept, expires_at })]);
  return envelope;
};

beforeEach(() => {
  sent = [];
});

describe("a run that has ended", () => {
  it("is told of to the collector as the spans that it has, with the headers that were sealed", async () => {
    await told();
    await tell(ended(), deps(answer(200)));
    expect(sent).toHaveLength(1);
    expect(sent[0]).toMatchObject({
      method: "POST",
      url: "https://collector.example.com/v1/traces",
      headers: { "api-key": "the-collectors-key", "content-type": "application/json" },
    });
    const spans = sent.flatMap(bodyOf).flatMap(({ resourceSpans }) => resourceSpans[0]?.scopeSpans[0]?.spans ?? []);
    expect(spans.map(({ spanId }) => spanId).sort()).toEqual(
      [runSpanId(run.id), ...["in", "ask", "out"].map((id) => stepSpanId(run.id, id, 1))].sort(),
    );
    expect(new Set(spans.map(({ traceId }) => traceId))).toEqual(new Set([run.trace_id]));
    expect(JSON.stringify(sent.map(bodyOf))).not.toContain("the answer");
    expect(await health()).toMatchObject({ exported: 1, exported_spans: 4, failed: 0 });
    expect(await due()).toEqual([]);
  });

  it("is told of once more with the same ids where its event comes twice", async () => {
    await told();
    await tell(ended(), deps(answer(200)));
    await tell(ended(), deps(answer(200)));
    expect(bodyOf(sent[0] as OutboundRequest)).toEqual(bodyOf(sent[1] as OutboundRequest));
  });

  it("is not told of where nobody wants it", async () => {
    await told({ status: "paused" });
    await tell(ended(), deps(answer(200)));
    await told({ status: "disabled", disabled_reason: "failing_too_long" });
    await tell(ended(), deps(answer(200)));
    await told({ sample_ratio: 0 });
    await tell(ended(), deps(answer(200)));
    await told({}, { sampled: false });
    await tell(ended(), deps(answer(200)));
    await told({}, { status: "suspended" });
    await tell(ended(), deps(answer(200)));
    expect(sent).toEqual([]);
    expect(await health()).toMatchObject({ exported: 0, failed: 0 });
  });

  it("is told of again after the time that the collector asks for, as long as a day", async () => {
    await told();
    await tell(ended(), deps(answer(503, "", { "retry-after": "3600" })));
    const [again] = await due();
    expect(Date.parse(again?.at ?? "") - Date.now()).toBeGreaterThan(3_500_000);
    expect(await health()).toMatchObject({
      consecutive_failures: 0,
      last_error: { code: "http_status_503", about: run.id },
    });
    const message = { tenant: run.tenant, kind: "trace_export", ref: run.id, at: "" };
    const busy = { ok: false, error: { code: "timeout", message: "It is slow.", retryable: true } } as const;
    const later = (seconds: number) => addSeconds(new Date(), seconds);
    expect(await tellAgain(message, deps(busy))).toBeInstanceOf(Date);
    expect(sent).toHaveLength(1);
    expect(await tellAgain(message, deps(busy, later(3_700)))).toBeInstanceOf(Date);
    expect(await tellAgain(message, deps(busy, later(86_400)))).toBeUndefined();
    expect(sent).toHaveLength(3);
    expect(await health()).toMatchObject({ failed: 1, consecutive_failures: 1, last_error: { code: "timeout" } });
    expect(await tellAgain(message, deps(answer(200), later(100_000)))).toBeUndefined();
    const after = await health();
    expect(after).toMatchObject({ exported: 1, failed: 1, consecutive_failures: 0 });
    expect([after?.failing_since, after?.not_before]).toEqual([undefined, undefined]);
  });

  it("of more spans than there is time for is told of in parts, each span once", async () => {
    await told();
    const [step] = await all(own().all(runStepItem, { of: { run_id: run.id } }));
    if (step === undefined) throw new Error("a step");
    const when = { started_at: timestamp(new Date()), finished_at: timestamp(new Date()) };
    const calls = Array.from({ length: 50 }, (_, i) => ({
      ...{ number: i + 1, operation: "execute_tool" as const, name: "t", ...when },
    }));
    for (let i = 0; i < 12; i++)
      await own().transact([own().writes.create(runStepItem, { ...step, node_id: `more${i}`, calls })]);
    const slow = deps(answer(200));
    const clock = { now: () => addSeconds(new Date(), 100 * sent.length) };
    await tell(ended(), { ...slow, clock });
    expect(await due()).toMatchObject([{ ref: `${run.id}/512` }]);
    expect(await health()).toMatchObject({ exported: 0, exported_spans: 512, failed: 0 });
    const message = { tenant: run.tenant, kind: "trace_export", ref: `${run.id}/512`, at: "" };
    expect(await tellAgain(message, { ...slow, clock })).toBeUndefined();
    const spans = sent.flatMap((one) => bodyOf(one).resourceSpans[0]?.scopeSpans[0]?.spans ?? []);
    expect(new Set(spans.map(({ spanId }) => spanId)).size).toBe(4 + 12 * 51);
    expect(await health()).toMatchObject({ exported: 1, exported_spans: spans.length });
  });

  it("is counted for the setting by which it was sent, and brings back none that was taken away meanwhile", async () => {
    await told();
    const gone = async () => {
      const { writes } = own();
      await own().transact([writes.remove(traceExportItem, {}, {}), writes.remove(traceExportHealthItem, {}, {})]);
    };
    const meanwhile = (change: () => Promise<void>, result: OutboundResult) =>
      tell(ended(), { ...deps(result), outbound: { request: () => change().then(() => result) } });
    await meanwhile(gone, answer(200));
    expect(await health()).toBeUndefined();
    await told();
    await meanwhile(gone, answer(401));
    expect(await health()).toBeUndefined();
    await told();
    const anew = () => own().transact([own().writes.update(traceExportHealthItem, {}, { set: { of: "f" } })]);
    await meanwhile(anew, answer(401));
    expect(await health()).toMatchObject({ of: "f", failed: 0 });
  });

  it("of which the collector rejects a part is not told of again; what it says is shown, without what it was sent", async () => {
    await told();
    const partialSuccess = { rejectedSpans: "2", errorMessage: "no room for the-collectors-key" };
    await tell(ended(), deps(answer(200, JSON.stringify({ partialSuccess }))));
    expect(await due()).toEqual([]);
    expect(await health()).toMatchObject({
      exported: 1,
      rejected_spans: 2,
      last_error: { code: "partly_rejected", message: "no room for [redacted]" },
    });
  });
});

describe("an execution of an agent", () => {
  it("is told of as its event says, and again where the collector could not listen", async () => {
    await told();
    const event = await executed();
    await tell(event, deps(answer(429)));
    expect(await due()).toMatchObject([{ ref: event.id }]);
    const message = { tenant: run.tenant, kind: "trace_export", ref: event.id, at: "" };
    expect(await tellAgain(message, deps(answer(200), addSeconds(new Date(), 300)))).toBeUndefined();
    const [, span] = sent.map((one) => bodyOf(one).resourceSpans[0]?.scopeSpans[0]?.spans[0]);
    expect(span).toMatchObject({
      traceId: run.trace_id,
      parentSpanId: "00f067aa0ba902b7",
      name: "invoke_agent",
      status: { code: 2, message: "model_timeout" },
    });
    expect(BigInt(span?.endTimeUnixNano ?? 0) - BigInt(span?.startTimeUnixNano ?? 0)).toBe(1_500_000_000n);
    expect(await health()).toMatchObject({ exported: 1, exported_spans: 1 });
  });

  it("is not told of where its caller does not keep the trace", async () => {
    await told();
    await tell(await executed({ trace_sampled: false }), deps(answer(200)));
    expect(sent).toEqual([]);
  });
});

describe("a collector that refuses", () => {
  it("is told nothing any more after twenty runs in a row, of failures side by side too; the trail says why", async () => {
    await told();
    const refuse = async () => tell(await executed(), deps(answer(401)));
    await Promise.all(Array.from({ length: 10 }, refuse));
    expect(await health()).toMatchObject({ failed: 10, consecutive_failures: 10 });
    expect((await own().get(traceExportItem, {}))?.status).toBe("active");
    for (let i = 0; i < 12; i++) await refuse();
    expect(sent).toHaveLength(20);
    expect(await own().get(traceExportItem, {})).toMatchObject({
      status: "disabled",
      disabled_reason: "consecutive_failures",
    });
    const events = await all(own().all(outboxItem, { of: { day: timestamp(new Date()).slice(0, 10) } }));
    expect(events.filter(({ envelope }) => envelope.type === "trace_export.auto_disabled")).toMatchObject([
      { envelope: { trace_id: run.trace_id, data: { reason: "consecutive_failures", consecutive_failures: 20 } } },
    ]);
  });

  it("is told nothing where its headers cannot be opened any more", async () => {
    await told({ headers: [{ name: "other", sealed: "" }] });
    const { secrets } = stackPlatform();
    const sealed = await secrets.encrypt("another", headerContext("org_1", "other"));
    await own().transact([
      own().writes.update(traceExportItem, {}, { set: { headers: [{ name: "other", sealed }] } }, {}),
    ]);
    await tell(ended(), deps(answer(200)));
    expect(sent).toEqual([]);
    expect(await health()).toMatchObject({ failed: 1, last_error: { code: "headers_unreadable" } });
  });
});

describe("a collector that cannot listen", () => {
  const busy = { ok: false, error: { code: "timeout", message: "It is slow.", retryable: true } } as const;
  const again = (ref: string, seconds: number, result: OutboundResult = busy) =>
    tellAgain({ tenant: run.tenant, kind: "trace_export", ref, at: "" }, deps(result, addSeconds(new Date(), seconds)));

  it("is tried by one at a time, and not before its time; all others wait", async () => {
    await told();
    const [first, second, third] = [await executed(), await executed(), await executed()];
    await tell(first, deps(busy));
    await tell(second, deps(busy));
    expect(sent).toHaveLength(1);
    expect((await due()).map(({ ref }) => ref).sort()).toEqual([first.id, second.id].sort());
    await Promise.all([first, second, third].map(({ id }) => again(id, 300)));
    expect(sent).toHaveLength(2);
    expect(await again(third.id, 4_000, answer(200))).toBeUndefined();
    expect(await again(first.id, 300, answer(200))).toBeUndefined();
    expect(await health()).toMatchObject({ exported: 2, failed: 0 });
  });

  it("is told nothing any more after three days of that", async () => {
    await told();
    await tell(await executed(), deps(busy));
    expect((await health())?.failing_since).toBeDefined();
    expect((await own().get(traceExportItem, {}))?.status).toBe("active");
    const failing_since = timestamp(addSeconds(new Date(), -72 * 3_600));
    await own().transact([own().writes.update(traceExportHealthItem, {}, { set: { failing_since } })]);
    await again((await executed()).id, 7_200);
    expect(await own().get(traceExportItem, {})).toMatchObject({
      status: "disabled",
      disabled_reason: "failing_too_long",
    });
  });
});
