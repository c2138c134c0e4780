import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askedOf } from "../../support/agents.ts";
import { type Company, eventually, registerCompany, unique } from "../../support/api.ts";
import { type Receiver, startReceiver } from "../../support/receiver.ts";
import { ended, lab } from "../runs/setup.ts";

const TRACE_ID = "0af7651916cd43dd8448eb211c80319c";
const CALLER = "b7ad6b7169203331";
const KEY = "a-key-of-the-collector";

let company: Company;
let agent_id: string;
let receiver: Receiver;

beforeAll(async () => {
  [{ company, agent_id }, receiver] = await Promise.all([lab(), startReceiver()]);
});
afterAll(() => receiver.close());

const put = (more: object = {}, of = company) =>
  of.call("PUT", "/trace-export", { endpoint: `${receiver.url}/v1/traces`, headers: { "Api-Key": KEY }, ...more });

describe("runs as spans", () => {
  it("are sent to the organization's collector, under the trace that its caller began", async () => {
    const set = await put();
    expect(set.status, set.text).toBe(200);
    expect(set.body).toMatchObject({ status: "active", header_names: ["api-key"], health: { exported: 0 } });
    expect(set.text).not.toContain(KEY);
    const traceparent = `00-${TRACE_ID}-${CALLER}-01`;
    const input = { message: "hello collector" };
    const started = await company.call("POST", `/agents/${agent_id}/runs`, { input }, { traceparent });
    const run = await ended(company, started.body.id);
    const [request] = await eventually(
      async () => (receiver.at("/v1/traces").length > 0 ? receiver.at("/v1/traces") : undefined),
      "the collector is told",
    );
    expect(request?.headers).toMatchObject({ "api-key": KEY, "content-type": "application/json" });
    expect(request?.headers).not.toHaveProperty("traceparent");
    const spans = request?.event.resourceSpans[0].scopeSpans[0].spans;
    expect(spans[0]).toMatchObject({ traceId: TRACE_ID, spanId: run.span_id, parentSpanId: CALLER });
    const asked = spans.find(({ name }: { name: string }) => name.startsWith("invoke_agent"));
    expect(asked.parentSpanId).toBe(run.span_id);
    expect(asked.attributes).toContainEqual({ key: "gen_ai.operation.name", value: { stringValue: "invoke_agent" } });
    expect(request?.body).not.toContain("hello collector");
    const read = await eventually(async () => {
      const { body } = await company.call("GET", "/trace-export");
      return body.health.exported === 1 ? body : undefined;
    }, "it is counted");
    expect(read).toMatchObject({ health: { exported_spans: spans.length, last_error: null } });
  });

  it("and executions of agents, each as one span that its requests name", async () => {
    const message = unique("executed");
    const headers = { traceparent: `00-${TRACE_ID}-${CALLER}-01` };
    const { body } = await company.call("POST", `/agents/${agent_id}/execute`, { message }, headers);
    const span = await eventually(async () => {
      const all = receiver.at("/v1/traces").flatMap(({ event }) => event.resourceSpans[0].scopeSpans[0].spans);
      return all.find(({ attributes }) =>
        attributes.some(({ value }: { value: { stringValue?: string } }) => value.stringValue === body.execution_id),
      );
    }, "the collector is told of the execution");
    expect(span).toMatchObject({ traceId: TRACE_ID, parentSpanId: CALLER, name: "invoke_agent", status: {} });
    const [asked] = await askedOf(message);
    expect(asked?.headers).toMatchObject({ traceparent: `00-${TRACE_ID}-${span.spanId}-01` });
  });

  it("what a collector says of one span is told at once, whether sending is paused or not", async () => {
    await put({ enabled: false });
    receiver.reply("/v1/traces", { status: 403 }, { status: 200 });
    const refused = await company.call("POST", "/trace-export/test");
    expect(refused.body).toMatchObject({ ok: false, status: 403, code: "http_status_403" });
    const taken = await company.call("POST", "/trace-export/test");
    expect(taken.body).toMatchObject({ ok: true, status: 200, code: null });
    const last = receiver.at("/v1/traces").at(-1);
    expect(last?.event.resourceSpans[0].scopeSpans[0].spans).toMatchObject([{ traceId: taken.body.trace_id }]);
    expect((await company.call("GET", "/trace-export")).body.status).toBe("paused");
  });

  it("go nowhere else than to addresses that the outside has", async () => {
    const { status, body } = await put({ endpoint: "https://169.254.169.254/v1/traces" });
    expect([status, body.code]).toEqual([422, "unsafe_url"]);
    const own = await put({ headers: { "Content-Type": "text/plain", host: "x" } });
    expect(own.body.issues.map(({ path }: { path: string }) => path)).toEqual(["headers.content-type", "headers.host"]);
  });

  it("keep what the collector knows them by from every other host: it is given again there", async () => {
    await put();
    const elsewhere = "https://elsewhere.example.com/v1/traces";
    const moved = await put({ endpoint: elsewhere, headers: undefined });
    expect([moved.status, moved.body.code]).toEqual([422, "validation_failed"]);
    expect(moved.body.issues).toMatchObject([{ path: "headers.api-key" }]);
    const { body } = await company.call("GET", "/trace-export");
    expect(body).toMatchObject({ endpoint: `${receiver.url}/v1/traces`, header_names: ["api-key"] });
    expect((await put({ endpoint: elsewhere })).body).toMatchObject({ endpoint: elsewhere });
    expect((await put({ headers: {} })).body.header_names).toEqual([]);
  });

  it("are sent no more once that is taken back; there is nothing to take back of a company that has set nothing", async () => {
    expect((await company.call("DELETE", "/trace-export")).status).toBe(204);
    expect((await company.call("GET", "/trace-export")).status).toBe(404);
    const other = await registerCompany();
    expect((await other.call("DELETE", "/trace-export")).status).toBe(404);
    expect((await other.call("POST", "/trace-export/test")).status).toBe(404);
  });

  it("whoever changes what somebody else has changed meanwhile is refused", async () => {
    const first = await put();
    const match = { "if-match": String(first.headers.get("etag")) };
    await put({ sample_ratio: 0.5 });
    const late = await company.call("PUT", "/trace-export", { endpoint: `${receiver.url}/v1/traces` }, match);
    expect([late.status, late.body.code]).toEqual([412, "precondition_failed"]);
    expect((await company.call("DELETE", "/trace-export", undefined, match)).status).toBe(412);
    const kept = await company.call("PUT", "/trace-export", { endpoint: `${receiver.url}/v1/traces` });
    expect(kept.body).toMatchObject({ header_names: ["api-key"], sample_ratio: 1 });
  });
});
