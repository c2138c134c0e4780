import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  afterNumber,
  EARLY_SECONDS,
  LATE_SECONDS,
  type Late,
  sizeWithLate,
} from "../../../functions/audit/tree/rules/times.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { newId } from "../../../shared/ids.ts";

const FOUNDED = new Date("2026-01-01T00:00:00.000Z");
const inHours = (hours: number) => addSeconds(FOUNDED, hours * 3_600);

describe("entries that get their numbers late", () => {
  it("are those whose head may not be before the end of an export of their time", () => {
    const numbered = (after: number) => afterNumber(undefined, newId("audit", FOUNDED), 7, addSeconds(FOUNDED, after));
    expect(numbered(5)).toBeUndefined();
    expect(numbered(LATE_SECONDS - EARLY_SECONDS - 1)).toBeUndefined();
    const time = timestamp(FOUNDED);
    expect(numbered(LATE_SECONDS - EARLY_SECONDS)).toEqual({ from: time, to: time, size: 8 });
  });

  it("are all in a tree of the size that is said, whichever of them are of a range", () => {
    const hour = fc.integer({ min: 0, max: 200 });
    const trail = fc.array(fc.record({ happened: hour, waited: hour }), { maxLength: 12 });
    fc.assert(
      fc.property(trail, hour, hour, (entries, one, other) => {
        const range = { from: timestamp(inHours(Math.min(one, other))), to: timestamp(inHours(Math.max(one, other))) };
        const late = entries.reduce<Late | undefined>(
          (known, { happened, waited }, sequence) =>
            afterNumber(known, newId("audit", inHours(happened)), sequence, inHours(happened + waited)),
          undefined,
        );
        const behind = entries.flatMap(({ happened, waited }, sequence) => {
          const within = timestamp(inHours(happened)) >= range.from && timestamp(inHours(happened)) <= range.to;
          return within && waited * 3_600 >= LATE_SECONDS ? [sequence] : [];
        });
        expect(sizeWithLate(late, range)).toBeGreaterThan(behind.at(-1) ?? -1);
        expect(sizeWithLate(late, {})).toBe(late?.size ?? 0);
      }),
    );
    const late = { from: timestamp(inHours(10)), to: timestamp(inHours(20)), size: 9 };
    const said = (from: number | undefined, to: number | undefined) =>
      sizeWithLate(late, {
        ...(from === undefined ? {} : { from: timestamp(inHours(from)) }),
        ...(to === undefined ? {} : { to: timestamp(inHours(to)) }),
      });
    expect([said(0, 9), said(undefined, 9), said(21, 30), said(21, undefined)]).toEqual([0, 0, 0, 0]);
    expect([said(0, 10), said(20, 30), said(12, 13), said(undefined, 10), said(20, undefined)]).toEqual([
      9, 9, 9, 9, 9,
    ]);
  });
});
