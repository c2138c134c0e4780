import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { chatRequest, errorOf, questionOf } from "../../../functions/serving/channels/openai.ts";
import { counts, servingKeys } from "../../../functions/serving/rules/keys.ts";
import { routed } from "../../../functions/serving/rules/protocol.ts";
import { find } from "../../../functions/serving/rules/routes.ts";
import { chosen, named } from "../../../functions/serving/rules/served.ts";
import { readKey } from "../../../shared/access/keys/text.ts";
import { Problem } from "../../../shared/errors.ts";
import { newId } from "../../../shared/ids.ts";

const at = new Date("2026-05-01T10:00:00.000Z");
const one = { deployment_id: "dep_1", weight: 100 };

describe("which deployment answers", () => {
  it("is always the same for the same caller, and none where nothing is served", () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 50 }), (who, weight) => {
        const serves = [one, { deployment_id: "dep_2", weight }];
        expect(chosen({ serves }, who)).toBe(chosen({ serves }, who));
        expect(chosen({ serves: [one] }, who)).toBe("dep_1");
        expect(chosen({ serves: [] }, who)).toBeUndefined();
      }),
    );
  });

  it("is the second one for its part of callers; whoever has come to it stays when its part grows", () => {
    const callers = Array.from({ length: 100_000 }, (_, i) => `key-${i}`);
    const second = (weight: number) =>
      callers.filter((who) => chosen({ serves: [one, { deployment_id: "dep_2", weight }] }, who) === "dep_2");
    const [ten, fifty] = [second(10), new Set(second(50))];
    expect(ten.length / callers.length).toBeCloseTo(0.1, 2);
    expect(fifty.size / callers.length).toBeCloseTo(0.5, 2);
    expect(ten.every((who) => fifty.has(who))).toBe(true);
  });

  it("is named by the agent, or by itself while it is served", () => {
    const endpoint = { target_id: "agt_1", serves: [one] };
    expect(["agt_1", "dep_1", "dep_2", ""].map((ref) => named(endpoint, ref))).toEqual([
      "any",
      "dep_1",
      undefined,
      undefined,
    ]);
  });
});

describe("a key of an endpoint", () => {
  const key = { organization_id: newId("organization", at), id: newId("deployment_key", at) };
  const text = servingKeys.text(key, "s".repeat(43));
  const proof = servingKeys.read(text)?.proof ?? "";
  const kept = (expires_at: string | null) => ({ keys: [{ id: key.id, hash: servingKeys.hashOf(text), expires_at }] });

  it("says whose it is, and is no API key", () => {
    expect(servingKeys.read(text)).toMatchObject(key);
    expect(readKey(text)).toBeUndefined();
  });

  it("that is mistyped in any place is none", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: text.length - 1 }), (place) => {
        const other = text[place] === "x" ? "y" : "x";
        expect(servingKeys.read(text.slice(0, place) + other + text.slice(place + 1))).toBeUndefined();
      }),
    );
  });

  it("counts until its end, where it is kept, and with its own secret", () => {
    expect(counts(kept(null), key.id, proof, at)).toBe(true);
    expect(counts(kept("2026-05-01T10:00:00.001Z"), key.id, proof, at)).toBe(true);
    expect(counts(kept("2026-05-01T10:00:00.000Z"), key.id, proof, at)).toBe(false);
    expect(counts(kept(null), newId("deployment_key", at), proof, at)).toBe(false);
    expect(counts(kept(null), key.id, `${proof.slice(0, -1)}t`, at)).toBe(false);
    expect(counts({ keys: [] }, key.id, proof, at)).toBe(false);
  });
});

describe("what is asked", () => {
  it.each([
    ["GET", "/v1/health", "problem", { name: "health" }],
    ["POST", "/v1/agt_1/invoke", "problem", { name: "invoke", ref: "agt_1" }],
    ["POST", "/v1/chat/completions", "openai", { name: "chat" }],
    ["GET", "/v1/models/agt_1", "openai", { name: "model", ref: "agt_1" }],
  ] as const)("%s %s", (method, path, manner, route) => {
    expect(find(method, path)).toMatchObject({ manner, route });
  });

  it("elsewhere is told which methods the path takes, in the manner of its clients", () => {
    expect(find("GET", "/v1/chat/completions")).toEqual({ manner: "openai", route: undefined, allow: ["POST"] });
    expect(find("GET", "/v1/agt_1/invoke/more")).toEqual({ manner: "problem", route: undefined, allow: [] });
  });

  it("by the management plane is one of the protocol's requests, or none", () => {
    expect(routed({ method: "PUT", path: "/api/v1/endpoints/gtw_1/agt_1" })).toEqual({
      name: "tell",
      gateway_id: "gtw_1",
      target_id: "agt_1",
    });
    for (const path of ["/api/v1/agents/a/b", "/api/v1/endpoints/gtw_1", "/api/v1/agents/../x"])
      expect(routed({ method: "PUT", path })).toBeUndefined();
  });
});

describe("a conversation of OpenAI's protocol", () => {
  const asked = (messages: object[]) => questionOf(chatRequest.parse({ model: "m", messages }));

  it("is the last message with those before, and what the system says for all of them", () => {
    expect(
      asked([
        { role: "system", content: "A" },
        { role: "user", content: "1" },
        { role: "assistant", content: "2" },
        { role: "developer", content: [{ type: "text", text: "B" }] },
        { role: "user", content: "3" },
      ]),
    ).toEqual({
      input: "3",
      history: [
        { role: "user", content: "1" },
        { role: "assistant", content: "2" },
      ],
      instructions: "A\n\nB",
    });
  });

  it("that ends otherwise, or has something else than text, is refused by its place", () => {
    expect(asked([{ role: "user", content: [{ type: "image_url", image_url: { url: "x" } }] }])).toMatchObject({
      path: "messages.0.content",
    });
    expect(asked([{ role: "system", content: "A" }])).toMatchObject({ path: "messages" });
  });

  it("is refused with the types that its clients know", () => {
    const types = (
      ["unauthenticated", "not_found", "rate_limited", "provider_failed", "validation_failed"] as const
    ).map((code) => errorOf(new Problem(code, "No."), "req_1").error.type);
    expect(types).toEqual([
      "authentication_error",
      "not_found_error",
      "rate_limit_error",
      "server_error",
      "invalid_request_error",
    ]);
  });
});
