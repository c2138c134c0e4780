import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { shownConfig } from "../../../functions/agents/tools/public.ts";
import { endpointOf, registered, served, unregistered } from "../../../functions/deployments/rules/answers.ts";
import { pack } from "../../../functions/deployments/rules/bundle.ts";
import {
  failure,
  failures,
  MOST_DEPLOY_TRIES,
  MOST_STOP_TRIES,
  PASSING,
  pauseAfter,
} from "../../../functions/deployments/rules/failures.ts";
import type { OutboundResult } from "../../../shared/outbound/index.ts";

const says = (status: number, body: unknown, text = JSON.stringify(body)): OutboundResult => ({
  ok: true,
  status,
  headers: {},
  body: Buffer.from(text),
  truncated: false,
});
const silent: OutboundResult = { ok: false, error: { code: "timeout", message: "too late" } as never };
const no = (code: string) => ({ ok: false, code });

describe("what a gateway answers", () => {
  it("to a registration is an id, or why there is none", () => {
    expect(registered(says(201, { id: "reg-1" }))).toEqual({ ok: true, id: "reg-1", endpoint: undefined });
    expect(registered(says(200, { id: 7, endpoint_url: "https://a.example/x" }))).toEqual({
      ok: true,
      id: "7",
      endpoint: "https://a.example/x",
    });
    for (const body of [{}, { id: "" }, { id: "a b" }, { id: "x".repeat(201) }, { id: "reg-1", error: "no" }, [], null])
      expect(registered(says(200, body))).toEqual(no("answer_invalid"));
    expect(registered(says(200, null, "<html>"))).toEqual(no("answer_invalid"));
    expect(registered(silent)).toEqual(no("gateway_unreachable"));
  });

  it("by a status that is no success is told by its kind", () => {
    const kinds: readonly [readonly number[], string][] = [
      [[301, 302, 307, 308], "redirected"],
      [[401, 403], "key_refused"],
      [[400, 404, 409, 422], "gateway_refused"],
      [[408, 425, 429, 500, 502, 503, 504], "gateway_busy"],
    ];
    for (const [statuses, code] of kinds)
      for (const status of statuses)
        expect([status, registered(says(status, { id: "reg-1" }))]).toEqual([status, no(code)]);
  });

  it("that it does not know a registration says that nothing is served, and that it is gone", () => {
    for (const status of [404, 410]) {
      expect(served(says(status, {}))).toEqual({ ok: true, digest: null });
      expect(unregistered(says(status, {}))).toEqual({ ok: true });
    }
    expect(served(says(200, { digest: "sha256:a" }))).toEqual({ ok: true, digest: "sha256:a" });
    expect(served(says(200, { id: "reg-1" }))).toEqual(no("answer_invalid"));
    expect(unregistered(says(204, null, ""))).toEqual({ ok: true });
    expect(unregistered(says(200, { ok: true }))).toEqual({ ok: true });
    expect(unregistered(says(200, { error: "still there" }))).toEqual(no("answer_invalid"));
    expect(unregistered(says(409, {}))).toEqual(no("gateway_refused"));
  });

  it("sends nobody to another origin, whatever it says", () => {
    const api = "https://agents.example.com:8443/base";
    const own = `${api}/api/v1/agents/reg%2F1`;
    expect(endpointOf(api, "reg/1", undefined)).toBe(own);
    expect(endpointOf(api, "reg/1", "https://agents.example.com:8443/v2/reg-1")).toBe(
      "https://agents.example.com:8443/v2/reg-1",
    );
    for (const said of [
      "https://evil.example/x",
      "http://agents.example.com:8443/x",
      "https://agents.example.com/x",
      "//x",
      "javascript:1",
      "https://u:p@agents.example.com:8443/x",
    ])
      expect(endpointOf(api, "reg/1", said)).toBe(own);
    fc.assert(
      fc.property(fc.webUrl(), (said) => {
        expect(new URL(endpointOf(api, "reg-1", said)).origin).toBe(new URL(api).origin);
      }),
    );
  });
});

const context = (id: string) => ({ id, name: id, is_active: true, status: "ready", content: { inline: id } });
const tool = (id: string, more: object = {}) => ({
  id,
  tool_type: "api",
  name: id,
  description: "",
  config: {},
  is_enabled: true,
  ...more,
});
const content = (contexts: object[], tools: object[]) =>
  ({ definition: { system_prompt: "Hi" }, contexts, tools }) as never;
const texts = (...ids: string[]) => new Map(ids.map((id) => [id, `text of ${id}`]));

describe("what is deployed", () => {
  it("has one digest, in whatever order its parts came", () => {
    const ids = ["a", "b", "c", "d"];
    const one = pack(
      content(
        ids.map(context),
        ids.map((id) => tool(id)),
      ),
      texts(...ids),
      shownConfig,
    );
    fc.assert(
      fc.property(
        fc.shuffledSubarray(ids, { minLength: 4 }),
        fc.shuffledSubarray(ids, { minLength: 4 }),
        (first, second) => {
          const other = pack(
            content(
              first.map(context),
              second.map((id) => tool(id)),
            ),
            texts(...second),
            shownConfig,
          );
          expect(other.digest).toBe(one.digest);
        },
      ),
    );
    expect(pack(content(ids.map(context), []), texts(...ids), shownConfig).digest).not.toBe(one.digest);
  });

  it("is what takes part in runs, and holds no secret", () => {
    const secret = { endpoint: "https://api.example", secret_headers: { "x-key": "sealed-text" } };
    const { bundle } = pack(
      content([context("a"), context("off")], [tool("t", { config: secret }), tool("u", { is_enabled: false })]),
      texts("a"),
      shownConfig,
    );
    expect(bundle.contexts).toEqual([{ id: "a", name: "a", text: "text of a" }]);
    expect(bundle.tools.map(({ id, config }) => [id, config])).toEqual([
      ["t", { endpoint: "https://api.example", secret_headers: ["x-key"] }],
    ]);
    expect(JSON.stringify(bundle)).not.toContain("sealed-text");
  });
});

describe("a fault", () => {
  it("that passes is met again after longer and longer, so often and no more", () => {
    for (const most of [MOST_DEPLOY_TRIES, MOST_STOP_TRIES]) {
      const pauses = Array.from({ length: most }, (_, i) => pauseAfter(i + 1, most));
      expect(pauses.at(-1)).toBeUndefined();
      const waits = pauses.slice(0, -1) as number[];
      expect(waits.every((pause, i) => i === 0 || pause >= (waits[i - 1] ?? 0))).toBe(true);
      expect(Math.max(...waits)).toBeLessThanOrEqual(120);
    }
    expect([...PASSING]).toEqual(["gateway_unreachable", "gateway_busy"]);
    expect(failure("too_large")).toEqual({ code: "too_large", message: failures.too_large });
  });
});
