import { describe, expect, it } from "vitest";
import type { RunTest } from "../../../functions/runs/model.ts";
import { faultAt, faultyFetch, faultyRequest } from "../../../functions/runs/trial/rules/faults.ts";

const told = (faults: RunTest["faults"]): RunTest => ({
  node_id: null,
  draft: false,
  faults,
  cassette: null,
  as_user_id: null,
});
const URL = "https://models.example.com/v1";

describe("which attempt meets a fault", () => {
  it.each([
    ["none of a run that is no test", null, 1, undefined],
    ["none of another node", told({ other: { kind: "timeout" } }), 1, undefined],
    ["each, where nothing is said", told({ ask: { kind: "timeout" } }), 7, "timeout"],
    ["the first ones", told({ ask: { kind: "garbage", attempts: 2 } }), 2, "garbage"],
    ["not the one after them", told({ ask: { kind: "garbage", attempts: 2 } }), 3, undefined],
  ] as const)("%s", (_, test, attempt, expected) => {
    expect(faultAt(test, "ask", attempt)).toBe(expected);
  });

  it("is no matter of names that every object has", () => {
    expect(faultAt(told({}), "constructor", 1)).toBe(undefined);
  });
});

describe("a call to a model", () => {
  it.each([
    ["rate_limited", 429, "1"],
    ["server_error", 500, null],
    ["garbage", 200, null],
  ] as const)("that meets %s is answered with %i", async (kind, status, retryAfter) => {
    const answer = await faultyFetch(kind)(URL, { method: "POST", body: "{}" });
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([status, retryAfter]);
  });

  it("that meets garbage gets what is no JSON", async () => {
    const answer = await faultyFetch("garbage")(URL, {});
    await expect(answer.json()).rejects.toThrow();
  });

  it("that meets silence, or drops without an end, ends when whoever asks gives up", async () => {
    const reason = new Error("given up");
    const gone = () => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(reason), 20);
      return controller.signal;
    };
    await expect(faultyFetch("timeout")(URL, { signal: gone() })).rejects.toBe(reason);
    const slow = await faultyFetch("slow_stream")(URL, { signal: gone() });
    expect(slow.status).toBe(200);
    await expect(slow.text()).rejects.toBe(reason);
  });
});

describe("a request", () => {
  const send = (kind: Parameters<typeof faultyRequest>[0]) =>
    faultyRequest(kind)({ method: "GET", url: URL, timeout_ms: 20 });

  it.each([
    ["rate_limited", 429],
    ["server_error", 500],
    ["garbage", 200],
  ] as const)("that meets %s is answered with %i", async (kind, status) => {
    expect(await send(kind)).toMatchObject({ ok: true, status });
  });

  it.each(["timeout", "slow_stream"] as const)("that meets %s is not answered in time", async (kind) => {
    expect(await send(kind)).toMatchObject({ ok: false, error: { code: "timeout", retryable: true } });
  });
});
