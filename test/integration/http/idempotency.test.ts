import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { addSeconds } from "../../../shared/clock.ts";
import type { Answer } from "../../../shared/http/answer.ts";
import { IdempotencyClaim } from "../../../shared/http/idempotency.ts";
import { operation } from "../../../shared/http/operation.ts";
import { stackPlatform, stackTable } from "../../support/stack.ts";

const start = operation({
  id: "things.start",
  method: "POST",
  path: "/things",
  summary: "",
  permission: "public",
  request: { body: z.strictObject({}) },
  response: z.object({ secret: z.string() }),
  success: 200,
  errors: [],
  outside_effect: true,
  sensitive: true,
});
const answer: Answer = { status: 200, headers: {}, body: '{"secret":"open sesame"}' };
const T0 = new Date("2026-01-01T00:00:00.000Z");

const principal = { type: "user", id: "usr_00000000000000000000000001" } as const;

function claims() {
  const { secrets } = stackPlatform();
  const table = stackTable(T0);
  const tenant = table.of(`test_${randomBytes(8).toString("hex")}`);
  const request = { method: "POST", path: "/things", query: "", headers: {}, body: "{}", ip: "127.0.0.1" };
  return {
    tenant,
    claim: (key: string, at = T0, body = "{}") =>
      new IdempotencyClaim(tenant, secrets, start, { ...request, body }, key, principal, at),
  };
}

describe("a request with an effect outside", () => {
  it("runs once: others with its key wait, also when many come at once", async () => {
    const { claim } = claims();
    const results = await Promise.allSettled(Array.from({ length: 10 }, () => claim("k").lease()));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const one of results)
      if (one.status === "rejected") expect(one.reason).toMatchObject({ code: "request_in_progress" });
    await expect(claim("k").replay()).rejects.toMatchObject({ code: "request_in_progress" });
    await claim("other").lease();
  });

  it("that ended gives its answer for a day, sealed in the table", async () => {
    const { tenant, claim } = claims();
    const first = claim("k");
    await first.lease();
    const write = await first.write(answer);
    await tenant.transact([write]);
    expect(JSON.stringify(write.item)).not.toContain("sesame");
    const again = await claim("k", addSeconds(T0, 86_399)).replay();
    expect(again).toMatchObject({ status: 200, body: answer.body, headers: { "idempotent-replayed": "true" } });
    expect(await claim("k", addSeconds(T0, 86_400)).replay()).toBeUndefined();
    await expect(claim("k", T0, '{"a":1}').replay()).rejects.toMatchObject({ code: "idempotency_conflict" });
  });

  it("that was refused gives its key back, and one that died leaves it after a minute", async () => {
    const { claim } = claims();
    const refused = claim("k");
    await refused.lease();
    await refused.release();
    const died = claim("k");
    await died.lease();
    await expect(claim("k", addSeconds(T0, 59)).lease()).rejects.toMatchObject({ code: "request_in_progress" });
    const next = claim("k", addSeconds(T0, 61));
    expect(await next.replay()).toBeUndefined();
    await next.lease();
  });

  it("whose lease was taken over cannot commit its late answer", async () => {
    const { tenant, claim } = claims();
    const slow = claim("k");
    await slow.lease();
    const next = claim("k", addSeconds(T0, 61));
    await next.lease();
    await tenant.transact([await next.write(answer)]);
    await expect(tenant.transact([await slow.write({ ...answer, body: '{"secret":"late"}' })])).rejects.toMatchObject({
      code: "request_in_progress",
    });
    expect((await claim("k", addSeconds(T0, 62)).replay())?.body).toBe(answer.body);
  });
});
