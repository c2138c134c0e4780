import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batchesOf, MOST_BYTES, MOST_SPANS } from "../../../functions/telemetry/rules/batches.ts";
import { inTime, nextTry, sentOf, switchedOff, TOLD_FOR_MS } from "../../../functions/telemetry/rules/outcome.ts";
import { isAmong } from "../../../functions/telemetry/rules/sampling.ts";
import { newTraceId } from "../../../shared/tracing/context.ts";
import type { Span } from "../../../shared/tracing/otlp.ts";

const NOW = Date.parse("2026-05-01T10:00:00.000Z");

describe("sampling", () => {
  it("keeps about the share of traces that it is told, by their ids", () => {
    const ids = Array.from({ length: 4_000 }, newTraceId);
    const kept = ids.filter((id) => isAmong(id, 0.25));
    expect(kept.length).toBeGreaterThan(800);
    expect(kept.length).toBeLessThan(1_200);
    expect(ids.filter((id) => isAmong(id, 1))).toEqual(ids);
    expect(ids.filter((id) => isAmong(id, 0))).toEqual([]);
  });

  it("a smaller share is a part of a larger one", () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(share, share, (a, b) => {
        const id = newTraceId();
        if (isAmong(id, Math.min(a, b))) expect(isAmong(id, Math.max(a, b))).toBe(true);
      }),
    );
  });
});

describe("what a collector answers", () => {
  const answered = (status: number, text = "", headers: Record<string, string> = {}) =>
    sentOf({ ok: true, status, headers, body: Buffer.from(text), truncated: false }, NOW);

  it.each([200, 202, 204])("%i is taken", (status) => {
    expect(answered(status)).toEqual({ kind: "taken", status, rejected: 0, message: null });
  });

  it.each([429, 502, 503, 504])("%i is sent again, not before the time that it asks for", (status) => {
    expect(answered(status, "", { "retry-after": "120" })).toMatchObject({ kind: "later", after_ms: 120_000 });
  });

  it.each([301, 400, 401, 403, 404, 408, 413, 500, 501])("%i is not sent again", (status) => {
    expect(answered(status)).toMatchObject({ kind: "refused", code: `http_status_${status}` });
  });

  it("no answer is sent again where the same request may get one", () => {
    const failed = (code: "timeout" | "blocked_address", retryable: boolean) =>
      sentOf({ ok: false, error: { code, message: "It failed.", retryable } }, NOW);
    expect(failed("timeout", true)).toMatchObject({ kind: "later", code: "timeout", status: null });
    expect(failed("blocked_address", false)).toMatchObject({ kind: "refused", code: "blocked_address" });
  });

  it("says what was not taken of it: nothing of that is sent again", () => {
    const partialSuccess = { rejectedSpans: "3", errorMessage: "too old" };
    expect(answered(200, JSON.stringify({ partialSuccess }))).toMatchObject({ rejected: 3, message: "too old" });
    const warning = { partialSuccess: { errorMessage: "use another endpoint" } };
    expect(answered(200, JSON.stringify(warning))).toMatchObject({ rejected: 0, message: "use another endpoint" });
  });

  it.each(["no JSON", "null", "[]", '{"partialSuccess":7}', '{"partialSuccess":{"rejectedSpans":"-1"}}'])(
    "of %s it says nothing",
    (text) => {
      expect(answered(200, text)).toMatchObject({ kind: "taken", rejected: 0, message: null });
    },
  );
});

describe("when a run is told of again", () => {
  it("each wait is about as long as it has been tried, between half a minute and an hour", () => {
    const waits = [0, 60_000, 600_000, 10 * 3_600_000].map((tried) => {
      const now_ms = NOW + tried;
      return nextTry(NOW, { now_ms, random: 0.5 }).getTime() - now_ms;
    });
    expect(waits).toEqual([30_000, 60_000, 600_000, 3_600_000]);
  });

  it("is not before the collector wants it, and never later than a day after the run's end", () => {
    fc.assert(
      fc.property(
        fc.nat(TOLD_FOR_MS),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.nat(12 * 3_600_000),
        (tried, random, after_ms) => {
          const now_ms = NOW + tried;
          const at = nextTry(NOW, { now_ms, random, after_ms });
          expect(at.getTime()).toBeGreaterThanOrEqual(now_ms + after_ms);
          expect(inTime(new Date(NOW), at)).toBe(at.getTime() <= NOW + TOLD_FOR_MS);
        },
      ),
    );
    expect(inTime(new Date(NOW), nextTry(NOW, { now_ms: NOW + TOLD_FOR_MS, random: 0 }))).toBe(false);
  });

  it("comes to an end after a few dozen tries", () => {
    let tries = 0;
    for (let at = new Date(NOW); inTime(new Date(NOW), at); tries++)
      at = nextTry(NOW, { now_ms: at.getTime(), random: 0 });
    expect(tries).toBeLessThan(50);
  });
});

describe("sending is switched off", () => {
  it.each([
    [19, NOW - 3_600_000, undefined],
    [20, NOW - 3_600_000, "consecutive_failures"],
    [2, NOW - 72 * 3_600_000, "failing_too_long"],
  ] as const)("after %i failures since %i: %s", (consecutive_failures, since, reason) => {
    const failing_since = new Date(since).toISOString();
    expect(switchedOff({ consecutive_failures, failing_since }, NOW)).toBe(reason);
  });
});

describe("batches", () => {
  const span = (more: Partial<Span> = {}): Span => ({
    trace_id: newTraceId(),
    span_id: "00f067aa0ba902b7",
    parent_span_id: null,
    sampled: true,
    state: null,
    name: "step",
    kind: "internal",
    started_at: "2026-05-01T10:00:00.000Z",
    finished_at: "2026-05-01T10:00:01.000Z",
    attributes: {},
    error: undefined,
    ...more,
  });
  async function* each(spans: readonly Span[]): AsyncGenerator<Span> {
    yield* spans;
  }
  const sizes = async (spans: readonly Span[]) => {
    const found: number[] = [];
    for await (const batch of batchesOf(each(spans))) {
      expect(batch.length === 1 || JSON.stringify(batch).length <= MOST_BYTES + 2).toBe(true);
      found.push(batch.length);
    }
    return found;
  };

  it("hold so many spans and bytes at most, and lose none", async () => {
    expect(await sizes([])).toEqual([]);
    expect(await sizes(Array.from({ length: 2 * MOST_SPANS + 1 }, () => span()))).toEqual([MOST_SPANS, MOST_SPANS, 1]);
    const large = span({ name: "x".repeat(400_000) });
    expect(await sizes([large, large, large])).toEqual([2, 1]);
    expect(await sizes([span({ name: "x".repeat(2 * MOST_BYTES) }), span()])).toEqual([1, 1]);
  });
});
