import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { addSeconds } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { counterOf, rateItem } from "../../../shared/limits/reserve.ts";
import { EXACT_LIMIT, LARGEST_PART, Slices } from "../../../shared/limits/slices.ts";
import { COUNTED_SLOTS, SLOT_MS, used } from "../../../shared/limits/window.ts";
import { seeded } from "../../support/plan-simulate.ts";
import { countedTable, stackTable } from "../../support/stack.ts";
import { places } from "../../support/thorough.ts";

/** To come: the engine removes what has ended. */
const NOW = new Date("2036-01-15T10:20:30.000Z");
const LIMIT = 1_000;
/** The time after which a request counts no more, at the latest. */
const WHOLE = ((COUNTED_SLOTS + 1) * SLOT_MS) / 1_000;
const fresh = (table: Table = stackTable(NOW)) => table.of(`test_${randomBytes(8).toString("hex")}`);
type Tenant = ReturnType<typeof fresh>;

async function seen(table: Tenant, at: Date) {
  const stored = await table.get(rateItem, { subject: "organization" });
  if (stored === undefined) throw new Error("nothing is counted");
  return { ...counterOf(stored, at), used: used(counterOf(stored, at), at) };
}

/** Sends so many requests through these instances, several at a time in each; gives how each came out. */
async function send(
  table: Tenant,
  instances: readonly Slices[],
  each: number,
  how: { at?: Date; limit?: number; monthly?: number } = {},
) {
  const { at = NOW, limit = LIMIT, monthly } = how;
  const allowance = {
    name: "organization",
    subject: "organization",
    limit,
    ...(monthly === undefined ? {} : { monthly }),
  };
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
    expect((await seen(table, NOW)).used).toBe(LIMIT);
  });

  it("is held back by an idle instance no more than it used itself, and by none more than a twentieth", async () => {
    const table = fresh();
    for (const [instance, times] of instances(6).map((one, i) => [one, 2 * 3 ** i] as const)) {
      const before = times === 2 ? 0 : (await seen(table, NOW)).used;
      await send(table, [instance], times);
      const held = (await seen(table, NOW)).used - before - times;
      expect(held).toBeLessThanOrEqual(Math.min(times, LIMIT / LARGEST_PART));
    }
  });

  it("holds in any minute: a burst is followed by nothing for a minute, and then by all of it", async () => {
    const table = fresh();
    const all = instances(4);
    /** What an instance holds whose requests are all answered is served, too. */
    const burst = async (at: Date) => {
      const first = await send(table, all, 400, { at });
      return first.admitted + (await send(table, all, LIMIT / LARGEST_PART, { at })).admitted;
    };
    expect(await burst(NOW)).toBe(LIMIT);
    for (const later of [1, 30, 59.9])
      expect((await send(table, all, 50, { at: addSeconds(NOW, later) })).admitted).toBe(0);
    expect(await burst(addSeconds(NOW, WHOLE + 10))).toBe(LIMIT);
  });

  it("gets back what an instance did not use, with its next reservation and where it was used", async () => {
    const table = fresh();
    const [instance = new Slices()] = instances(1);
    await send(table, [instance], 9);
    expect((await seen(table, NOW)).used).toBeGreaterThan(9);
    const soon = addSeconds(NOW, 12.5);
    await send(table, [instance], 1, { at: soon });
    const { used: now, slots } = await seen(table, soon);
    // What this reservation holds stands ahead; the nine are where they were.
    expect(now - 9).toBeLessThanOrEqual(10);
    expect(slots.get(Math.floor(NOW.getTime() / SLOT_MS))).toBe(9);
  });

  it("keeps what an instance holds no longer than its time, and gives it back when that is counted no more", async () => {
    const table = fresh();
    const [sleeper = new Slices()] = instances(1);
    await send(table, [sleeper], 30);
    const others = await send(table, instances(3), 600);
    expect(others.refused).toEqual(new Set(["rate_limited"]));
    // Its slice is over; nothing of the others' is.
    expect((await send(table, [sleeper], 20, { at: addSeconds(NOW, 40) })).admitted).toBe(0);
    expect((await send(table, instances(3), 600, { at: addSeconds(NOW, WHOLE + 12.5) })).admitted).toBeGreaterThan(900);
  });

  it("costs a busy instance few calls, and one that is refused again none", async () => {
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
    const { admitted } = await send(table, instances(40), 25, { limit: EXACT_LIMIT });
    expect(admitted).toBe(EXACT_LIMIT);
    const one = fresh();
    await send(one, instances(1), 7, { limit: EXACT_LIMIT });
    expect((await seen(one, NOW)).used).toBe(7);
  });

  it("is never passed in any 60 seconds by instances that come and go, die, and whose clocks are up to five seconds apart", async () => {
    for (const seed of places(12, 3).slice(0, 2)) {
      const random = seeded(seed);
      const below = (n: number) => Math.floor(random() * n);
      const table = fresh();
      const limit = [20, 60, 110][below(3)] ?? 20;
      const allowance = { name: "user", subject: "organization", limit };
      const born = () => ({ slices: new Slices(), skew: random() * 5_000 - 2_500 });
      const all = Array.from({ length: 5 }, born);
      const admitted: number[] = [];
      let ms = 0;
      for (let i = 0; i < 700; i++) {
        // Bursts, and pauses up to half a minute.
        ms += below(40) === 0 ? below(30_000) : below(250);
        const which = below(all.length);
        if (below(150) === 0) all[which] = born();
        const { slices, skew } = all[which] ?? born();
        const at = new Date(NOW.getTime() + ms + skew);
        await slices.admit(table, allowance, at).then(
          () => admitted.push(ms),
          (error: unknown) => (error instanceof Problem ? undefined : Promise.reject(error)),
        );
      }
      let from = 0;
      let most = 0;
      for (const [i, time] of admitted.entries()) {
        while ((admitted[from] ?? 0) <= time - 60_000) from++;
        most = Math.max(most, i - from + 1);
      }
      expect([seed, most]).toEqual([seed, Math.min(most, limit)]);
      expect(most).toBeGreaterThan(limit / 2);
    }
  });

  it("takes out what counts no more: the item stays below a kilobyte however long it lives", async () => {
    const table = fresh();
    const [one = new Slices(), two = new Slices()] = instances(2);
    let longest = 0;
    for (let second = 0; second < 600; second += 2) {
      const at = addSeconds(NOW, second);
      for (const instance of [one, two]) await send(table, [instance], 1, { at, monthly: 1_000_000 });
      const { slots } = await seen(table, at);
      longest = Math.max(longest, slots.size);
    }
    // Each slot is some 11 bytes of an item that has 200 without them.
    expect(longest).toBeLessThanOrEqual(60);
    expect((await seen(table, addSeconds(NOW, 600))).calls).toBeGreaterThanOrEqual(600);
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
    expect(await seen(table, NOW)).toMatchObject({ month: "2036-01", calls: 300 });
  });

  it("count what was used: the remainder goes back, in whatever minute the instance wakes", async () => {
    const table = fresh();
    const [instance = new Slices()] = instances(1);
    await send(table, [instance], 9, { monthly: 10_000 });
    await send(table, [instance], 1, { at: addSeconds(NOW, 3_600), monthly: 10_000 });
    // The nine, and what the last one has reserved: two at first.
    expect((await seen(table, NOW)).calls).toBe(9 + 2);
  });

  it("begin anew with the month, and are counted where there is no limit, too", async () => {
    const table = fresh();
    const all = instances(2);
    const monthly = 50;
    expect((await send(table, all, 40, { monthly })).admitted).toBe(monthly);
    const february = new Date("2036-02-01T00:00:10.000Z");
    expect((await send(table, all, 10, { monthly, at: february })).admitted).toBe(20);
    // A machine whose clock is late does not begin the month before again.
    const late = new Date("2036-01-31T23:59:58.000Z");
    const { calls = 0 } = await seen(table, february);
    expect((await send(table, instances(1), 1, { monthly, at: late })).admitted).toBe(1);
    // One, and the other of its first slice.
    expect(await seen(table, february)).toMatchObject({ month: "2036-02", calls: calls + 2 });
    const open = fresh();
    await send(open, instances(1), 64, { monthly: Number.POSITIVE_INFINITY });
    expect((await seen(open, NOW)).calls).toBeGreaterThanOrEqual(64);
  });
});
