import { describe, expect, it } from "vitest";
import { workMeter } from "../../../functions/usage/calls/meter.ts";
import {
  budgetOf,
  budgetWrite,
  giveBackRun,
  type RunBudget,
  reserveOfRun,
  runBudgetItem,
} from "../../../functions/usage/runs/budget.ts";
import { monthUsage, usageItem } from "../../../functions/usage/store.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { Table, TenantTable } from "../../../shared/dynamo/table.ts";
import { newId } from "../../../shared/ids.ts";
import { Crash, type Fault, faultyTable, onWrites } from "../../support/faulty-table.ts";
import { countedTable, stackTable } from "../../support/stack.ts";
import { all } from "../runs/harness.ts";

const RUN = "run_01JDQ4X0Z5V8W3N7K2M9R6T1BC";
/** Prompt and answer of each call at worst, with what the meter adds for a prompt's frame. */
const TOKENS_IN = 250;
const TOKENS_OUT = 200;
const BOUND = TOKENS_IN + 50 + TOKENS_OUT;

interface Budgeted {
  readonly table: TenantTable;
  readonly budget: RunBudget;
}

async function budgeted(limits: Partial<RunBudget["limits"]>): Promise<Budgeted> {
  const table = stackTable().of(newId("organization", new Date()));
  const budget = { run_id: RUN, limits: { cost_usd_micros: null, tokens: null, ...limits } };
  await table.transact([budgetWrite(table, { run_id: RUN, expires_at: "2099-01-01T00:00:00.000Z" })]);
  return { table, budget };
}

async function standing({ table, budget }: Budgeted) {
  const stored = await table.get(runBudgetItem, { run_id: RUN });
  const { spent, reserved } = budgetOf(budget.limits, stored) ?? { spent: undefined, reserved: undefined };
  if (spent === undefined || reserved === undefined) throw new Error("there is no budget");
  return { spent, reserved, committed: { tokens: spent.tokens + reserved.tokens } };
}

const system: Clock = { now: () => new Date() };

const price = ({ tokens_in, tokens_out }: { readonly tokens_in: number; readonly tokens_out: number }) =>
  tokens_in + 2 * tokens_out;

/** The meter of one step; a token in costs one, a token out two. */
const meterOf = (
  { table, budget }: Budgeted,
  id: string,
  more: { on?: Table; clock?: Clock; timeout_ms?: number } = {},
) =>
  workMeter({
    table: (more.on ?? table.table).of(table.tenant),
    clock: more.clock ?? system,
    plan: "enterprise",
    actor: { type: "user", id: "usr_x" },
    work: { kind: "run_step", id },
    about: { model: "m", provider: "p", agent_id: "agt_x", agent_version: 1, run_id: RUN },
    costOf: (call) => ({ cost_usd_micros: price(call), price_version: "v" }),
    worstCostOf: price,
    max_output_tokens: TOKENS_OUT,
    timeout_ms: more.timeout_ms ?? 120_000,
    budget,
  });

const opened = (meter: ReturnType<typeof meterOf>) =>
  meter.open({ number: 1, tokens_in: TOKENS_IN, tokens_out: undefined });

const exactly = { tokens_in: TOKENS_IN + 50, tokens_out: TOKENS_OUT, estimated: false };
const soon = (ms: number) => new Promise((resolve) => setTimeout(resolve, Math.random() * ms));

describe("a run's budget", () => {
  it("for 100 calls is used by exactly 100 of 1,000 that come at once, and is never exceeded", {
    timeout: 240_000,
  }, async () => {
    const at = await budgeted({ tokens: 100 * BOUND });
    const most: number[] = [];
    const step = async (i: number) => {
      const call = await opened(meterOf(at, `exact/${i}/1`));
      if (call.refused !== undefined) return call.refused.code;
      await soon(50);
      await call.close(exactly);
      const { spent, committed } = await standing(at);
      most.push(spent.tokens, committed.tokens);
      return "made";
    };
    const results = await Promise.all(Array.from({ length: 1_000 }, (_, i) => step(i)));
    const count = (wanted: string) => results.filter((result) => result === wanted).length;
    expect(Math.max(...most)).toBe(100 * BOUND);
    expect([count("made"), count("budget_exceeded")]).toEqual([100, 900]);
    expect(await standing(at)).toMatchObject({ spent: { tokens: 100 * BOUND }, reserved: { tokens: 0 } });
    const month = new Date().toISOString().slice(0, 7);
    expect(await monthUsage(at.table, month)).toMatchObject({ records: 100, tokens_in: 100 * exactly.tokens_in });
  });

  it("is used nearly whole by calls that use less than they reserve, are not made, or are counted by nobody", {
    timeout: 240_000,
  }, async () => {
    const limit = 100 * (300 + 2 * TOKENS_OUT);
    const at = await budgeted({ cost_usd_micros: limit });
    let most = 0;
    const step = async (i: number) => {
      const call = await opened(meterOf(at, `mixed/${i}/1`));
      if (call.refused !== undefined) return call.refused.code;
      await soon(50);
      if (i % 10 === 0) await call.close(undefined);
      else if (i % 10 === 1) await call.close({ tokens_in: 1, tokens_out: 1, estimated: true });
      else await call.close({ tokens_in: 100 + (i % 200), tokens_out: 100 + (i % 100), estimated: false });
      const { spent, reserved } = await standing(at);
      most = Math.max(most, spent.cost_usd_micros + reserved.cost_usd_micros);
      return "made";
    };
    const results = await Promise.all(Array.from({ length: 600 }, (_, i) => step(i)));
    expect(new Set(results)).toEqual(new Set(["made", "budget_exceeded"]));
    expect(most).toBeLessThanOrEqual(limit);
    const { spent, reserved } = await standing(at);
    expect(spent.cost_usd_micros).toBeGreaterThanOrEqual(0.95 * limit);
    expect(reserved).toEqual({ cost_usd_micros: 0, tokens: 0 });
  });

  it("counts the worst case of a call whose provider did not count", async () => {
    const at = await budgeted({ tokens: 10 * BOUND });
    await (await opened(meterOf(at, "silent/1"))).close({ tokens_in: 3, tokens_out: 2, estimated: true });
    expect((await standing(at)).spent).toEqual({ tokens: BOUND, cost_usd_micros: 300 + 2 * TOKENS_OUT });
  });

  it("lets a call wait for what another one gives back, and says when it has waited as long as it may", async () => {
    const at = await budgeted({ tokens: BOUND });
    const first = await opened(meterOf(at, "first/1"));
    const late = opened(meterOf(at, "late/1", { timeout_ms: 20_000 }));
    expect((await opened(meterOf(at, "hurried/1", { timeout_ms: 2_500 }))).refused?.code).toBe("budget_reserved");
    await first.close(undefined);
    expect((await late).refused).toBeUndefined();
  });

  it("refuses at once what does not fit beside what was spent, with limit, spent and needed", async () => {
    const at = await budgeted({ tokens: 2 * BOUND - 1 });
    await (await opened(meterOf(at, "one/1"))).close(exactly);
    const { refused } = await opened(meterOf(at, "two/1"));
    expect([refused?.code, refused?.message]).toEqual([
      "budget_exceeded",
      `The run's budget is ${2 * BOUND - 1} tokens; ${BOUND} are spent, and this call may need ${BOUND}.`,
    ]);
  });

  it("takes back what a worker that died had reserved, and counts its late record all the same", async () => {
    const at = await budgeted({ tokens: BOUND + 10 });
    const dead = await opened(meterOf(at, "dead/1", { timeout_ms: 1_000 }));
    const later = { now: () => new Date(Date.now() + 180_000) };
    const next = await opened(meterOf(at, "next/1", { clock: later }));
    expect(next.refused).toBeUndefined();
    await dead.close({ tokens_in: 4, tokens_out: 1, estimated: false });
    expect(await standing(at)).toMatchObject({ spent: { tokens: 5 }, reserved: { tokens: BOUND } });
  });

  it("gives a reservation back once, however often that is said", async () => {
    const at = await budgeted({ tokens: 10 * BOUND });
    const bound = { tokens: BOUND, cost_usd_micros: 0 };
    const reserve = () => reserveOfRun(at.table, at.budget, bound, { clock: system, wait_ms: 0, lease_ms: 60_000 });
    const one = await reserve();
    await giveBackRun(at.table, one);
    await expect(giveBackRun(at.table, one)).rejects.toMatchObject({ code: "conflict" });
    expect(await standing(at)).toMatchObject({ committed: { tokens: 0 } });
  });

  it("is neither exceeded nor lost where workers die before or after any write, and answers get lost", {
    timeout: 240_000,
  }, async () => {
    const faults: readonly Fault[] = ["before", "after", "conflict", "throttle", "cut", "lost", "fault"];
    for (const chance of [0.1, 0.3]) {
      const at = await budgeted({ tokens: 20 * BOUND });
      const seen: number[] = [];
      let now = Date.now();
      const clock = { now: () => new Date(now) };
      const step = async (i: number) => {
        // The workflow repeats a task whose worker has died; each time the call is one of its own.
        for (let attempt = 0; attempt < 5; attempt++) {
          const on = faultyTable(
            onWrites(() => (Math.random() < chance ? faults[Math.floor(Math.random() * faults.length)] : undefined)),
          );
          try {
            const meter = meterOf(at, `crash${chance}/${i}/1`, { on, clock, timeout_ms: 2_300 });
            const call = await opened(meter);
            if (call.refused !== undefined) return;
            await soon(20);
            await call.close({ tokens_in: 100 + (i % 200), tokens_out: 100 + (i % 100), estimated: false });
            const lost = meter.unrecorded();
            if (lost.length > 0) await at.table.transact(lost);
            return;
          } catch (error) {
            if (!(error instanceof Crash) && (error as { code?: string }).code !== "service_unavailable") throw error;
          } finally {
            seen.push((await standing(at)).committed.tokens);
          }
        }
      };
      await Promise.all(Array.from({ length: 60 }, (_, i) => step(i)));
      expect(Math.max(...seen)).toBeLessThanOrEqual(20 * BOUND);
      // Every lease runs out: what is left is what was recorded, and all of the rest can be had.
      now += 300_000;
      const recorded = (await all(at.table.all(usageItem, { index: "gsi3", of: { model: "m" } }))).reduce(
        (sum, { tokens_in, tokens_out }) => sum + tokens_in + tokens_out,
        0,
      );
      const rest = { tokens: 20 * BOUND - recorded, cost_usd_micros: 0 };
      if (rest.tokens > 0) await reserveOfRun(at.table, at.budget, rest, { clock, wait_ms: 5_000, lease_ms: 60_000 });
      expect(await standing(at)).toMatchObject({ spent: { tokens: recorded }, committed: { tokens: 20 * BOUND } });
    }
  });

  it("costs three write units more for a call", async () => {
    const unitsOf = async (limits: RunBudget["limits"] | undefined) => {
      const { table, counter } = countedTable();
      const own = table.of(newId("organization", new Date()));
      await own.transact([budgetWrite(own, { run_id: RUN, expires_at: "2099-01-01T00:00:00.000Z" })]);
      const at = { table: own, budget: { run_id: RUN, limits: limits ?? { tokens: null, cost_usd_micros: null } } };
      return counter.of(async () => {
        const meter = limits === undefined ? workMeter({ ...(await partsOf(own)) }) : meterOf(at, "counted/1");
        await (await opened(meter)).close(exactly);
      });
    };
    const without = await unitsOf(undefined);
    const having = await unitsOf({ tokens: 10 * BOUND, cost_usd_micros: null });
    expect([having.writes - without.writes, having.reads - without.reads]).toEqual([3, 0]);
  });
});

const partsOf = async (table: TenantTable): Promise<Parameters<typeof workMeter>[0]> => ({
  table,
  clock: system,
  plan: "enterprise",
  actor: { type: "user", id: "usr_x" },
  work: { kind: "run_step", id: "counted/1" },
  about: { model: "m", provider: "p", agent_id: "agt_x", agent_version: 1, run_id: RUN },
  costOf: () => ({ cost_usd_micros: 1, price_version: "v" }),
  worstCostOf: () => 1,
  max_output_tokens: TOKENS_OUT,
  timeout_ms: 1_000,
});
