import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge, SLOW_MS } from "../../../functions/gateways/rules/answer.ts";
import { OutboundError, type OutboundErrorCode, type OutboundResult } from "../../../shared/outbound/index.ts";

const answer = (
  status: number,
  body: unknown = "",
  content_type = "application/json",
  truncated = false,
): OutboundResult => ({
  ok: true,
  status,
  headers: { "content-type": content_type },
  body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
  truncated,
});
const none = (code: OutboundErrorCode): OutboundResult => ({ ok: false, error: new OutboundError(code).failure });
const said = (result: OutboundResult, took_ms = 10) => {
  const { result: found, error } = judge(result, took_ms);
  return [found, error?.code ?? null];
};

describe("an answer of a gateway", () => {
  it.each([
    ["nothing", ""],
    ["a page", "<html>OK</html>"],
    ["a word", '"ok"'],
    ["a list", [{ status: "down" }]],
    ["that it is well", { status: "healthy" }],
    ["pass", { status: "pass", checks: { db: [{ status: "fail" }] } }],
    ["UP", { status: "UP" }],
    ["a word that nobody knows", { status: "starting" }],
    ["a status that is no word", { status: 503 }],
    ["no error", { status: "ok", error: null, ok: true }],
  ])("of 200 with %s is healthy", (_, body) => {
    expect(said(answer(200, body, typeof body === "string" ? "text/plain" : "application/json"))).toEqual([
      "healthy",
      null,
    ]);
  });

  it.each([
    { status: "unhealthy" },
    { status: " DOWN " },
    { status: "fail", output: "no database" },
    { status: "OUT_OF_SERVICE" },
    { status: "ok", error: { message: "no model" } },
    { error: "boom" },
    { ok: false },
    { healthy: false, status: "degraded" },
  ])("of 200 with %j lies, and is unhealthy", (body) => {
    expect(said(answer(200, body))).toEqual(["unhealthy", "says_unhealthy"]);
  });

  it.each(["degraded", "warn", "Warning"])("of 200 that says %s is degraded", (status) => {
    expect(said(answer(200, { status }, "application/health+json"))).toEqual(["degraded", "says_degraded"]);
  });

  it("of 200 that calls itself JSON and is none is degraded; what is not called so need be none", () => {
    expect(said(answer(200, '{"status": '))).toEqual(["degraded", "invalid_body"]);
    expect(said(answer(200, '{"status": ', "application/health+json; charset=utf-8"))).toEqual([
      "degraded",
      "invalid_body",
    ]);
    expect(said(answer(200, '{"status": ', "text/plain"))).toEqual(["healthy", null]);
    expect(said(answer(200, '{"status": "down', "application/json", true))).toEqual(["healthy", null]);
  });

  it("of 200 that took longer than two seconds is degraded, unless it is worse", () => {
    expect(said(answer(200), SLOW_MS)).toEqual(["healthy", null]);
    expect(said(answer(200), SLOW_MS + 1)).toEqual(["degraded", "slow"]);
    expect(said(answer(200, { status: "down" }), SLOW_MS + 1)).toEqual(["unhealthy", "says_unhealthy"]);
  });

  it.each([201, 204, 206, 400, 404, 429, 500, 502, 503])("of %i is unhealthy, and says which", (status) => {
    const judged = judge(answer(status), 10);
    expect(judged).toMatchObject({ result: "unhealthy", status, error: { code: "http_status" } });
    expect(judged.error?.message).toContain(String(status));
  });

  it.each([301, 302, 303, 307, 308])("that is a redirect (%i) is unhealthy, and not followed", (status) => {
    expect(said(answer(status))).toEqual(["unhealthy", "redirected"]);
  });

  it.each([401, 403])("of %i refuses the key", (status) => {
    expect(said(answer(status))).toEqual(["unhealthy", "key_refused"]);
  });

  it.each<OutboundErrorCode>([
    "timeout",
    "connection_closed",
    "blocked_address",
    "dns_failed",
    "tls_failed",
    "protocol_error",
  ])("that never came (%s) is unhealthy, and has no status", (code) => {
    expect(judge(none(code), 10)).toMatchObject({ result: "unhealthy", status: null, error: { code } });
  });

  it("is judged whatever it holds, and none of its text comes further", () =>
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 599 }), fc.oneof(fc.string(), fc.json()), (status, body) => {
        const judged = judge(answer(status, `${body}`), 10);
        expect(judged.result === "healthy").toBe(judged.error === null);
        if (status !== 200) expect(judged.result).toBe("unhealthy");
        const marked = judge(answer(status, { status: "down", error: `secret-${body}` }), 10);
        expect(JSON.stringify(marked)).not.toContain("secret-");
      }),
    ));
});
