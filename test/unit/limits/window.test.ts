import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  COUNTED_SLOTS,
  certainlyOver,
  free,
  resetSeconds,
  SLOT_MS,
  slotOf,
  toTakeOut,
  used,
  type Window,
  waitSeconds,
} from "../../../shared/limits/window.ts";

const BEGIN = Date.parse("2026-01-01T10:20:00.000Z");
const at = (ms: number) => new Date(BEGIN + Math.round(ms));

/** What is counted of requests admitted at these times, seen at the last of them. */
function counted(times: readonly number[], seen = times.at(-1) ?? 0): Window {
  const slots = new Map<number, number>();
  for (const ms of times) slots.set(slotOf(at(ms)), (slots.get(slotOf(at(ms))) ?? 0) + 1);
  return { epoch: "e", total: times.length, slots, seen: slotOf(at(seen)) };
}
const times = fc.array(fc.nat(300_000), { maxLength: 200 }).map((all) => all.sort((a, b) => a - b));

describe("what counts against a limit a minute", () => {
  it("is every request of the last 60 seconds, by a clock up to five seconds off, and none older than 67.5", () => {
    fc.assert(
      fc.property(times, fc.integer({ min: -5_000, max: 5_000 }), (all, skew) => {
        const now = (all.at(-1) ?? 0) + 1;
        const window = counted(all);
        // The machine that counts is off by the skew from those that admitted.
        const count = used(window, at(now + skew));
        expect(count).toBeGreaterThanOrEqual(all.filter((ms) => now - ms < 60_000).length);
        expect(count).toBeLessThanOrEqual(all.filter((ms) => now + skew - ms < (COUNTED_SLOTS + 1) * SLOT_MS).length);
      }),
    );
  });

  it("says how long to wait: then one gets through, and a second before that none does", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), times, fc.nat(20_000), (limit, all, later) => {
        const window = counted(all);
        const now = (all.at(-1) ?? 0) + later;
        fc.pre(free(window, limit, at(now)) === 0);
        const wait = waitSeconds(window, limit, at(now));
        expect(free(window, limit, at(now + wait * 1_000))).toBeGreaterThan(0);
        if (wait > 1) expect(free(window, limit, at(now + (wait - 1) * 1_000 - 1))).toBe(0);
      }),
    );
  });

  it("comes back at the reset and not a second before", () => {
    fc.assert(
      fc.property(times, fc.nat(20_000), (all, later) => {
        const window = counted(all);
        const now = (all.at(-1) ?? 0) + later;
        fc.pre(used(window, at(now)) > 0);
        const reset = resetSeconds(window, at(now));
        expect(used(window, at(now + reset * 1_000))).toBeLessThan(used(window, at(now)));
        if (reset > 1) expect(used(window, at(now + (reset - 1) * 1_000 - 1))).toBe(used(window, at(now)));
      }),
    );
    expect(resetSeconds(counted([]), at(0))).toBe(60);
  });

  it("is known to be over only of slots that nobody could change any more when they were seen", () => {
    fc.assert(
      fc.property(times, fc.nat(400_000), (all, later) => {
        const window = counted(all);
        const now = (all.at(-1) ?? 0) + later;
        const settled = (all.at(-1) ?? 0) - 8 * SLOT_MS;
        const known = certainlyOver(window, at(now));
        expect(known).toBeLessThanOrEqual(window.total - used(window, at(now)));
        expect(known).toBeLessThanOrEqual(all.filter((ms) => ms < settled).length);
      }),
    );
  });

  it("loses slots only when they are over by every clock, and only many at a time", () => {
    const each = Array.from({ length: 60 }, (_, slot) => slot * SLOT_MS);
    const window = counted(each);
    const gone = toTakeOut(window, at(each.at(-1) ?? 0));
    expect(gone).toHaveLength(60 - COUNTED_SLOTS - 1 - 2);
    expect(Math.max(...gone)).toBeLessThan(slotOf(at((each.at(-1) ?? 0) - 5_000)) - COUNTED_SLOTS);
    expect(toTakeOut(counted(each.slice(0, 40)), at(each[39] ?? 0))).toEqual([]);
  });
});
