import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { addSeconds } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { type RateCounter, rateItem } from "../../../shared/limits/reserve.ts";
import { EXACT_LIMIT, LARGEST_PART, Slices } from "../../../shared/limits/slices.ts";
import { countedTable, stackTable } from "../../support/stack.ts";

const NOW = new Date("2026-01-15T10:20:30.000Z");
const LIMIT = 1_000;
const fresh = (table: Table = stackTable(NOW)) => table.of(`test_${randomBytes(8).toString("hex")}`);
type Tenant = ReturnType<typeof fresh>;
const counterOf = (table: Tenant): Promise<RateCounter | undefined> => table.get(rateItem, { subject: "organization" });

/** Sends so many requests through these instances, several at a time in each; gives how each came out. */
async function send(
  table: Tenant,
  instances: readonly Slices[],
  each: number,
  how: { at?: Date; limit?: number; monthly?: number } = {},
) {
  const { at = NOW, limit = LIMIT, monthly } = how;
  const allowance = { subject: "organization", limit, ...(monthly === undefined ? {} : { monthly }) };
  const lanes = instances.flatMap((instance) =>
    Array.from({ length: 5 }, async (_, lane) => {
      const codes: string[] = [];
      for (let i = lane; i < each; i += 5) {
        const code = await instance.admit(table, allowance, at).then(
          () => "admitted",
          (error: unknown) => (error instanceof Problem ? error.code : Promise.reject(error)),
        );
        codes.push(code);
      }
      return codes;
    }),
  );
  const codes = (await Promise.all(lanes)).flat();
  const admitted = codes.filter((code) => code === "admitted").length;
  return { admitted, refused: new Set(codes.filter((code) => code !== "admitted")), sent: codes.length };
}
const instances = (count: number) => Array.from({ length: count }, () => new Slices());

describe("a large limit, counted in slices by many instances", () => {
  it("is never passed, and is reached but for what idle instances hold", async () => {
    const table = fresh();
    const all = instances(12);
    const first = await send(table, all, 120);
    expect(first.sent).toBe(1_440);
    expect(first.admitted).toBeLessThanOrEqual(LIMIT);
    expect(first.refused).toEqual(new Set(["rate_limited"]));
    // Whoever still holds some of it serves it, the others are refused: then nobody holds anything.
    const rest = await send(table, all, LIMIT / LARGEST_PART);
    expect(first.admitted + rest.admitted).toBe(LIMIT);
    expect((await counterOf(table))?.current).toBe(LIMIT);
  });

  it("is held back by an idle instance no more than it used itself, and by none more than a twentieth", async () => {
    const table = fresh();
    for (const [instance, used] of instances(6).map((one, i) => [one, 3 ** i] as const)) {
      const before = (await counterOf(table))?.current ?? 0;
      await send(table, [instance], used);
      const held = ((await counterOf(table))?.current ?? 0) - before - used;
      expect(held).toBeLessThanOrEqual(Math.min(used, LIMIT / LARGEST_PART));
    }
  });

  it("holds for the next minute too: a burst is followed by nothing, and by half of it half a minute later", async () => {
    const table = fresh();
    const late = new Date("2026-01-15T10:20:59.000Z");
    const all = instances(4);
    expect((await send(table, all, 400, { at: late })).admitted).toBe(LIMIT);
    expect((await send(table, all, 50, { at: addSeconds(late, 1) })).admitted).toBe(0);
    const half = await send(table, all, 400, { at: addSeconds(late, 31) });
    expect(half.admitted).toBe(LIMIT / 2);
  });

  it("gets back what an instance did not use when it wakes again", async () => {
    const table = fresh();
    const [instance = new Slices()] = instances(1);
    await send(table, [instance], 9);
    const held = ((await counterOf(table))?.current ?? 0) - 9;
    expect(held).toBeGreaterThan(0);
    await send(table, [instance], 1, { at: addSeconds(NOW, 60) });
    expect(await counterOf(table)).toMatchObject({ previous: 9 });
  });

  it("does not serve from a slice of the minute before", async () => {
    const table = fresh();
    const [sleeper = new Slices()] = instances(1);
    await send(table, [sleeper], 30);
    const others = await send(table, instances(3), 600);
    expect(others.refused).toEqual(new Set(["rate_limited"]));
    const early = addSeconds(NOW, 30);
    // Nothing is left at the beginning of the next minute, also for whoever still had some.
    expect((await send(table, [sleeper], 20, { at: early })).admitted).toBeLessThan(20);
    const next = await counterOf(table);
    expect((next?.current ?? 0) + (next?.previous ?? 0)).toBeLessThanOrEqual(LIMIT);
  });

  it("costs a busy instance few calls, and a refused one none", async () => {
    const { table, counter } = countedTable(NOW);
    const tenant = fresh(table);
    const busy = new Slices();
    const { calls } = await counter.of(() => send(tenant, [busy], LIMIT));
    expect(calls).toBeLessThanOrEqual(40);
    const refused = await counter.of(() => send(tenant, [busy], 100));
    expect(refused.calls).toBe(0);
  });

  it("where it is small is counted one by one, exactly", async () => {
    const table = fresh();
    const { admitted } = await send(table, instances(5), 30, { limit: EXACT_LIMIT });
    expect(admitted).toBe(EXACT_LIMIT);
    const one = fresh();
    await send(one, instances(1), 7, { limit: EXACT_LIMIT });
    expect((await counterOf(one))?.current).toBe(7);
  });
});

describe("the calls a month of a plan", () => {
  it("are never passed by instances that race, and are refused as a quota", async () => {
    const table = fresh();
    const all = instances(8);
    const first = await send(table, all, 60, { monthly: 300 });
    expect(first.refused).toEqual(new Set(["quota_exceeded"]));
    const rest = await send(table, all, LIMIT / LARGEST_PART, { monthly: 300 });
    expect(first.admitted + rest.admitted).toBe(300);
    expect(await counterOf(table)).toMatchObject({ month: "2026-01", calls: 300 });
  });

  it("count what was used: the remainder goes back, in whatever minute the instance wakes", async () => {
    const table = fresh();
    const [instance = new Slices()] = instances(1);
    await send(table, [instance], 9, { monthly: 10_000 });
    await send(table, [instance], 1, { at: addSeconds(NOW, 3_600), monthly: 10_000 });
    expect((await counterOf(table))?.calls).toBe(10);
  });

  it("begin anew with the month, and are counted where there is no limit, too", async () => {
    const table = fresh();
    const all = instances(2);
    const monthly = 50;
    expect((await send(table, all, 40, { monthly })).admitted).toBe(monthly);
    const february = new Date("2026-02-01T00:00:10.000Z");
    expect((await send(table, all, 10, { monthly, at: february })).admitted).toBe(20);
    const open = fresh();
    await send(open, instances(1), 64, { monthly: Number.POSITIVE_INFINITY });
    expect((await counterOf(open))?.calls).toBeGreaterThanOrEqual(64);
  });
});
