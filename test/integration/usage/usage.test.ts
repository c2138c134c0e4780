import { describe, expect, it } from "vitest";
import { monthUsage, type Usage, usageItem, usageWrites } from "../../../functions/usage/store.ts";
import { admitTokens } from "../../../functions/usage/tokens/admit.ts";
import { newId } from "../../../shared/ids.ts";
import { stackTable } from "../../support/stack.ts";

const at = new Date("2026-11-15T12:00:00.000Z");
const context = { at, actor: { type: "user", id: "usr_x" } } as const;
const tenant = () => stackTable().of(newId("organization", new Date()));
const usage = (id: string, more: Partial<Usage> = {}): Usage => ({
  source: { kind: "run_step", id },
  id: newId("usage", at),
  model: "scripted/small",
  provider: "scripted",
  tokens_in: 100,
  tokens_out: 10,
  model_calls: 1,
  estimated: false,
  cost_usd_micros: 7,
  price_version: "v",
  agent_id: "agt_x",
  agent_version: 1,
  run_id: "run_x",
  ...more,
});

describe("metered usage", () => {
  it("of one piece of work is recorded once, however often and however parallel it is tried", async () => {
    const table = tenant();
    const results = await Promise.allSettled(
      Array.from({ length: 10 }, () => table.transact(usageWrites(table, context, usage("run_1#node#1")))),
    );
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
    for (const result of results)
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "conflict" });
    expect(await monthUsage(table, "2026-11")).toEqual({
      records: 1,
      tokens_in: 100,
      tokens_out: 10,
      cost_usd_micros: 7,
    });
  });

  it("of many pieces of work at once adds up exactly, and is listed by day, agent and model", async () => {
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

  it("at the plan's tokens of the month refuses new work, in that month and plan only", async () => {
    const table = tenant();
    await table.transact(usageWrites(table, context, usage("big", { tokens_in: 99_999, tokens_out: 0 })));
    await admitTokens(table, "free", at);
    await table.transact(usageWrites(table, context, usage("last", { tokens_in: 1, tokens_out: 0 })));
    await expect(admitTokens(table, "free", at)).rejects.toMatchObject({ code: "quota_exceeded" });
    await admitTokens(table, "pro", at);
    await admitTokens(table, "enterprise", at);
    await admitTokens(table, "free", new Date("2026-12-01T00:00:00.000Z"));
  });
});
