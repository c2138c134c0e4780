import { describe, expect, it } from "vitest";
import { workMeter } from "../../../functions/usage/calls/meter.ts";
import { recordCall } from "../../../functions/usage/calls/record.ts";
import { monthUsage, type Usage, usageItem, usageWrites } from "../../../functions/usage/store.ts";
import { admitTokens, giveBack, reserveTokens, tokenBudgetItem } from "../../../functions/usage/tokens/budget.ts";
import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { newId } from "../../../shared/ids.ts";
import { countedTable, stackTable } from "../../support/stack.ts";
import { blobs } from "../runs/harness.ts";

const at = new Date("2026-11-15T12:00:00.000Z");
const context = { at, actor: { type: "user", id: "usr_x" } } as const;
const tenant = () => stackTable(at).of(newId("organization", new Date()));
const usage = (id: string, more: Partial<Usage> = {}): Usage => ({
  source: { kind: "run_step", id, call: "1" },
  id: newId("usage", at),
  model: "scripted/small",
  provider: "scripted",
  tokens_in: 100,
  tokens_out: 10,
  estimated: false,
  cost_usd_micros: 7,
  price_version: "v",
  agent_id: "agt_x",
  agent_version: 1,
  run_id: "run_x",
  ...more,
});
const committed = async (table: TenantTable) =>
  (await table.get(tokenBudgetItem, { month: "2026-11", plan: "free" }))?.committed;
const reserve = (table: TenantTable, id: string, tokens: number, more: { at?: Date; lease_ms?: number } = {}) =>
  reserveTokens(table, "free", { id, tokens, at, lease_ms: 60_000, ...more });

describe("metered usage", () => {
  it("of one call is recorded once, however often and however parallel it is tried", async () => {
    const table = tenant();
    const one = usage("run_1#node#1");
    await Promise.all(Array.from({ length: 10 }, () => recordCall(table, context, one, undefined)));
    expect(await monthUsage(table, "2026-11")).toEqual({
      records: 1,
      tokens_in: 100,
      tokens_out: 10,
      cost_usd_micros: 7,
    });
  });

  it("of a second call under the same source, made by another worker, is recorded beside the first", async () => {
    const table = tenant();
    await recordCall(table, context, usage("twice"), undefined);
    await recordCall(table, context, usage("twice"), undefined);
    expect(await monthUsage(table, "2026-11")).toMatchObject({ records: 2, tokens_in: 200 });
  });

  it("of many calls at once adds up exactly, and is listed by day, agent and model", async () => {
    const table = tenant();
    await Promise.all(
      Array.from({ length: 40 }, (_, i) => table.transact(usageWrites(table, context, usage(`run_${i}#node#1`)))),
    );
    expect(await monthUsage(table, "2026-11")).toEqual({
      records: 40,
      tokens_in: 4_000,
      tokens_out: 400,
      cost_usd_micros: 280,
    });
    expect(await monthUsage(table, "2026-12")).toMatchObject({ records: 0 });
    for (const request of [
      { index: "gsi1", of: { day: "2026-11-15" } },
      { index: "gsi2", of: { agent_id: "agt_x" } },
      { index: "gsi3", of: { model: "scripted/small" } },
    ] as const)
      expect((await table.page(usageItem, { ...request, limit: 100 })).items).toHaveLength(40);
  });
});

describe("a month's tokens", () => {
  it("25 parallel calls of half the quota each: exactly 2 are admitted, the others are told limit and usage", async () => {
    const table = tenant();
    const results = await Promise.allSettled(Array.from({ length: 25 }, (_, i) => reserve(table, `c${i}`, 50_000)));
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(2);
    for (const result of results) {
      if (result.status === "fulfilled") continue;
      expect(result.reason).toMatchObject({
        code: "quota_exceeded",
        status: 402,
        options: {
          members: { resource: "tokens_per_month", limit: 100_000, usage: 100_000, reserved: 100_000, needed: 50_000 },
        },
      });
    }
    expect(await committed(table)).toBe(100_000);
  });

  it("a call that has ended counts what it used; the rest is free again", async () => {
    const table = tenant();
    const reservation = await reserve(table, "a", 100_000);
    await expect(reserve(table, "b", 1)).rejects.toMatchObject({ code: "quota_exceeded" });
    await recordCall(table, context, usage("a"), reservation);
    expect(await committed(table)).toBe(110);
    await reserve(table, "b", 99_890);
    await expect(reserve(table, "c", 1)).rejects.toMatchObject({ code: "quota_exceeded" });
  });

  it("settling twice, and giving back twice, change nothing more", async () => {
    const table = tenant();
    const [a, b] = await Promise.all([reserve(table, "a", 500), reserve(table, "b", 700)]);
    const one = usage("a");
    await Promise.all([recordCall(table, context, one, a), recordCall(table, context, one, a)]);
    if (b === undefined) throw new Error("a plan with a limit reserves");
    await giveBack(table, b);
    await giveBack(table, b);
    expect(await committed(table)).toBe(110);
  });

  it("the same reservation twice, after an answer that was lost, is taken once", async () => {
    const table = tenant();
    await reserve(table, "a", 500);
    expect(await reserve(table, "a", 900)).toMatchObject({ id: "a", tokens: 500 });
    expect(await committed(table)).toBe(500);
  });

  it("what a worker that died had reserved comes back when it has run out, and its late record still counts", async () => {
    const table = tenant();
    const dead = await reserve(table, "dead", 100_000, { lease_ms: 1_000 });
    await expect(reserve(table, "b", 60_000)).rejects.toMatchObject({ code: "quota_exceeded" });
    const later = new Date(at.getTime() + 2_000);
    await admitTokens(table, "free", later);
    await reserve(table, "b", 60_000, { at: later });
    expect(await committed(table)).toBe(60_000);
    await recordCall(table, context, usage("dead"), dead);
    expect(await committed(table)).toBe(60_110);
    expect(await monthUsage(table, "2026-11")).toMatchObject({ records: 1 });
  });

  it("begin with what the ledger says, refuse when nothing is left, in that month and plan only", async () => {
    const table = tenant();
    await recordCall(table, context, usage("big", { tokens_in: 99_999, tokens_out: 0 }), undefined);
    await admitTokens(table, "free", at);
    await expect(reserve(table, "a", 2)).rejects.toMatchObject({ code: "quota_exceeded" });
    await recordCall(table, context, usage("last", { tokens_in: 1, tokens_out: 0 }), await reserve(table, "a", 1));
    await expect(admitTokens(table, "free", at)).rejects.toMatchObject({
      code: "quota_exceeded",
      options: { members: { limit: 100_000, usage: 100_000 } },
    });
    await admitTokens(table, "pro", at);
    await admitTokens(table, "enterprise", at);
    await admitTokens(table, "free", new Date("2026-12-01T00:00:00.000Z"));
    expect(await reserveTokens(table, "enterprise", { id: "e", tokens: 10 ** 9, at, lease_ms: 1 })).toBeUndefined();
  });
});

describe("the meter of a work", () => {
  const answer = {
    content: [{ type: "text" as const, text: "the answer" }],
    finishReason: { unified: "stop" as const, raw: "stop" },
    usage: {
      inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
      outputTokens: { total: 1, text: 1, reasoning: 0 },
    },
  };
  const meter = (table: TenantTable, store: Pick<Blobs, "store" | "load"> = blobs()) =>
    workMeter({
      table,
      clock: { now: () => at },
      plan: "free",
      actor: context.actor,
      work: { kind: "run_step", id: "run_1/agent/1" },
      about: { model: "m", provider: "p", agent_id: "agt_x", agent_version: 1, run_id: "run_1" },
      costOf: () => ({ cost_usd_micros: 7, price_version: "v" }),
      worstCostOf: () => 7,
      max_output_tokens: 500,
      timeout_ms: 1_000,
      answers: { blobs: store, place: `runs/30/${table.tenant}/run_1/` },
    });

  it("reserves each call by itself, and keeps the answer for a repetition, which asks nobody and is not metered again", async () => {
    const table = tenant();
    const first = meter(table);
    for (const number of [1, 2]) {
      const call = await first.open({ number, tokens_in: 300, tokens_out: undefined });
      expect(call).toMatchObject({ max_tokens: 500 });
      expect(call.found).toBeUndefined();
      expect(await committed(table)).toBe((number - 1) * 110 + 800);
      await call.close({ tokens_in: 100, tokens_out: 10, estimated: false }, answer);
    }
    const repeated = meter(table);
    for (const number of [1, 2])
      expect((await repeated.open({ number, tokens_in: 300, tokens_out: undefined })).found).toEqual(answer);
    expect((await repeated.open({ number: 3, tokens_in: 300, tokens_out: 20 })).found).toBeUndefined();
    expect(await monthUsage(table, "2026-11")).toMatchObject({ records: 2, tokens_in: 200 });
    expect(first.unrecorded()).toEqual([]);
  });

  const long = { ...answer, content: [{ type: "text" as const, text: "x".repeat(100_000) }] };
  const used = { tokens_in: 100, tokens_out: 10, estimated: false };
  const opened = (of: ReturnType<typeof meter>) => of.open({ number: 1, tokens_in: 300, tokens_out: 20 });

  it("keeps a long answer as a file: it costs units like a short one, and a repetition finds all of it", async () => {
    const unitsOf = (one: typeof answer) => {
      const { table, counter } = countedTable(at);
      const own = table.of(newId("organization", new Date()));
      return counter.of(async () => {
        await (await opened(meter(own))).close(used, one);
        expect((await opened(meter(own))).found).toEqual(one);
      });
    };
    const short = await unitsOf(answer);
    expect(await unitsOf(long)).toEqual(short);
    expect(short.writes).toBeLessThan(20);
  });

  it("keeps a long answer in its item while the file store does not answer, and the call is not made again", async () => {
    const table = tenant();
    const down = { store: () => Promise.reject(new Error("down")), load: blobs().load };
    await (await opened(meter(table, down))).close(used, long);
    expect((await opened(meter(table))).found).toEqual(long);
    expect(await monthUsage(table, "2026-11")).toMatchObject({ records: 1 });
  });

  it("gives back what a call that was not answered had reserved", async () => {
    const table = tenant();
    const call = await meter(table).open({ number: 1, tokens_in: 300, tokens_out: 20 });
    expect(await committed(table)).toBe(320);
    await call.close(undefined);
    expect(await committed(table)).toBe(0);
    expect(await monthUsage(table, "2026-11")).toMatchObject({ records: 0 });
  });
});
