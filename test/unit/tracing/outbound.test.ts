import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createOutbound } from "../../../shared/outbound/index.ts";
import { asCall, withinSpan, withoutState } from "../../../shared/outbound/trace.ts";
import { spanIdOf, traceHeaders } from "../../../shared/tracing/context.ts";

const trace = { trace_id: "4bf92f3577b34da6a3ce929d0e0e4736", sampled: false, state: "a=1" };
const SPAN = "00f067aa0ba902b7";
const headers = traceHeaders(trace, SPAN);

let server: Server;
let origin: string;
const seen: IncomingHttpHeaders[] = [];
const outbound = createOutbound({ allow_http: true, allow: ["127.0.0.1:*"] });

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push(request.headers);
    response.end("{}");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await outbound.close();
  server.close();
});

const last = () => ({ traceparent: seen.at(-1)?.traceparent, tracestate: seen.at(-1)?.tracestate });
const get = (more: Record<string, string> = {}) => outbound.request({ method: "GET", url: origin, headers: more });

describe("what the guarded client sends", () => {
  it("continues the trace within a span, however deep the call is asked for, and nothing outside of one", async () => {
    await withinSpan(trace, SPAN, async () => {
      await Promise.resolve();
      await get();
    });
    expect(last()).toEqual(headers);
    await withinSpan(trace, SPAN, () => outbound.fetch(origin));
    expect(last()).toEqual(headers);
    await get();
    expect(last()).toEqual({});
  });

  it("spans side by side have each their own", async () => {
    const spans = ["1", "2", "3"].map((digit) => digit.repeat(16));
    const before = seen.length;
    await Promise.all(spans.map((span) => withinSpan(trace, span, () => get())));
    expect(new Set(seen.slice(before).map(({ traceparent }) => traceparent))).toEqual(
      new Set(spans.map((span) => traceHeaders(trace, span).traceparent)),
    );
  });

  it("leaves out the state for those whom it does not concern", async () => {
    await withinSpan(trace, SPAN, () => withoutState(() => get()));
    expect(last()).toEqual({ traceparent: headers.traceparent, tracestate: undefined });
    await withoutState(() => get());
    expect(last()).toEqual({});
  });

  it("a header that the request itself names stays, and stands alone", async () => {
    await withinSpan(trace, SPAN, () => get({ Traceparent: "own" }));
    expect(last()).toEqual({ traceparent: "own", tracestate: undefined });
  });

  it("names the call that is made within it as the span, and keeps when that was and what came of it", async () => {
    const SENT = { method: "GET", address: "127.0.0.1", status: 200 };
    const what = { operation: "chat", name: "gpt", provider: "openai.chat" } as const;
    const first = spanIdOf([SPAN, "a", 1]);
    const kept = await withinSpan(trace, SPAN, async ({ calls, sent: own }) => {
      await asCall(
        { ...what, key: "a" },
        () => get(),
        () => ({ usage: { tokens_in: 1, tokens_out: 2 } }),
      );
      expect(last()).toEqual(traceHeaders(trace, first));
      expect(own.last).toBeUndefined();
      await get();
      expect(own.last).toEqual(SENT);
      const failing = asCall(
        { ...what, key: "b" },
        () => Promise.reject(new TypeError("says too much")),
        () => ({}),
        () => "model_timeout",
      );
      await expect(failing).rejects.toThrow();
      await Promise.all(
        Array.from({ length: 100 }, () =>
          asCall(
            { operation: "execute_tool", name: "t", key: "t" },
            async () => 1,
            () => ({}),
          ),
        ),
      );
      return [...calls];
    });
    const when = { started_at: expect.any(String), finished_at: expect.any(String) };
    expect(kept.slice(0, 3)).toEqual([
      { number: 1, span_id: first, ...what, ...when, sent: SENT, usage: { tokens_in: 1, tokens_out: 2 } },
      { number: 2, span_id: spanIdOf([SPAN, "b", 1]), ...what, ...when, error: "model_timeout" },
      { number: 3, span_id: spanIdOf([SPAN, "t", 1]), operation: "execute_tool", name: "t", ...when },
    ]);
    expect(kept).toHaveLength(50);
    expect(new Set(kept.map(({ span_id }) => span_id)).size).toBe(50);
  });

  const chat = (key: string) => asCall({ operation: "chat", name: "gpt", key }, get, () => ({}));

  it("a call that is repeated is named as before, whatever was done before it", async () => {
    await withinSpan(trace, SPAN, async () => {
      await chat("1");
      await chat("2");
    });
    const before = last();
    await withinSpan(trace, SPAN, () => chat("2"));
    expect(last()).toEqual(before);
  });

  it("names no span that will not come: a call that is not kept is within the one around it", async () => {
    await withinSpan(trace, SPAN, () => chat("1"), 0);
    expect(last()).toEqual(headers);
    await withinSpan(trace, SPAN, async ({ calls, sent }) => {
      for (let i = 0; i < 50; i++) await chat(String(i));
      expect(last()).not.toEqual(headers);
      await chat("50");
      expect(last()).toEqual(headers);
      expect(calls).toHaveLength(50);
      expect(sent.last).toBeUndefined();
    });
  });

  it("a call outside of spans is just made", async () => {
    expect(
      await asCall(
        { operation: "chat", name: "gpt", key: "1" },
        async () => 7,
        () => ({}),
      ),
    ).toBe(7);
  });
});
