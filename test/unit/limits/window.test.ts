import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { free, MINUTE_MS, minuteOf, rolled, type Window, waitSeconds } from "../../../shared/limits/window.ts";

const BEGIN = Date.parse("2026-01-01T10:20:00.000Z");
const at = (seconds: number) => new Date(BEGIN + Math.round(seconds * 1_000));

/** Admits requests at these seconds, as counters do; gives those that got through. */
function admitted(limit: number, seconds: readonly number[]): number[] {
  let window: Window = { minute: minuteOf(at(0)), current: 0, previous: 0 };
  return seconds.filter((second) => {
    window = rolled(window, minuteOf(at(second)));
    if (free(window, limit, at(second)) === 0) return false;
    window = { ...window, current: window.current + 1 };
    return true;
  });
}

const many = (count: number, second: number): number[] => Array.from({ length: count }, () => second);
const sorted = fc
  .array(fc.double({ min: 0, max: 300, noNaN: true }), { maxLength: 400 })
  .map((s) => s.sort((a, b) => a - b));

describe("a sliding limit a minute", () => {
  it("admits no second allowance where two minutes of the clock meet", () => {
    const through = admitted(20, [...many(50, 59.9), ...many(50, 60.1)]);
    expect(through.filter((second) => second < 60)).toHaveLength(20);
    expect(through.filter((second) => second >= 60)).toHaveLength(0);
  });

  it("gives the allowance back bit by bit after a burst", () => {
    expect(admitted(60, [...many(60, 59), ...many(60, 90)])).toHaveLength(60 + 30);
    expect(admitted(60, [...many(60, 59), ...many(60, 120)])).toHaveLength(60 + 60);
  });

  it("never admits more than the limit at once, nor in one minute of the clock, whatever is sent", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), sorted, (limit, seconds) => {
        const minutes = Map.groupBy(admitted(limit, seconds), (second) => Math.floor(second / 60));
        for (const [, one] of minutes) expect(one.length).toBeLessThanOrEqual(limit);
      }),
    );
  });

  it("says how long to wait: then one gets through, and a second before that none does", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100 }),
        fc.nat(200),
        fc.nat(200),
        fc.integer({ min: 0, max: 59_900 }).map((ms) => ms / 1_000),
        (limit, current, previous, second) => {
          const window = {
            minute: minuteOf(at(0)),
            current: Math.min(current, limit),
            previous: Math.min(previous, limit),
          };
          fc.pre(free(window, limit, at(second)) === 0);
          const wait = waitSeconds(window, limit, at(second));
          const then = (seconds: number) =>
            free(rolled(window, minuteOf(at(second + seconds))), limit, at(second + seconds));
          expect(then(wait)).toBeGreaterThan(0);
          if (wait > 1) expect(then(wait - 1.001)).toBe(0);
        },
      ),
    );
  });

  it("is not moved back by a machine whose clock is late", () => {
    const ahead: Window = { minute: minuteOf(at(0)) + 1, current: 5, previous: 7 };
    expect(rolled(ahead, minuteOf(at(0)))).toBe(ahead);
    expect(free(ahead, 20, new Date(BEGIN + MINUTE_MS - 10))).toBe(20 - 5 - 7);
  });
});
