import { describe, expect, it } from "vitest";
import { triggerSchema } from "../../../functions/schedules/model.ts";
import { CronError, nextWall, parseCron } from "../../../functions/schedules/rules/cron.ts";
import { occurrencesOf } from "../../../functions/schedules/rules/occurrences.ts";
import { nextOccurrence } from "../../../functions/schedules/rules/zones.ts";

const MINUTE = 60_000;

/** Numbers that a seed gives, the same ones each time. */
function drawn(seed: number) {
  let state = seed;
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** What a clock shows, by another way than the code's: as text, minute by minute. */
function clock(zone: string) {
  const format = new Intl.DateTimeFormat("sv-SE", { timeZone: zone, dateStyle: "short", timeStyle: "short" });
  return (at: number) => Date.parse(`${format.format(at).replace(" ", "T")}:00Z`);
}

/** The occurrences of some days, by walking through every minute and looking at the clock. */
function walked(text: string, zone: string, from: number, to: number): number[] {
  const cron = parseCron(text);
  const names = (wall: number) => nextWall(cron, wall) === wall;
  const shows = clock(zone);
  const found: number[] = [];
  const seen = new Set<number>();
  let last = shows(from - 6 * 3_600_000);
  for (let at = from - 6 * 3_600_000; at < to; at += MINUTE) {
    const wall = shows(at);
    let comes = names(wall);
    if (!cron.every_hour) {
      if (seen.has(wall)) comes = false;
      // Minutes that the clock leaves out come with the one that it shows next.
      for (let left_out = last + MINUTE; left_out < wall; left_out += MINUTE) comes ||= names(left_out);
    }
    seen.add(wall);
    last = wall;
    if (comes && at > from) found.push(at);
  }
  return found;
}

const ZONES = [
  // Each with the days on which its clocks are changed, forward and back.
  ["Europe/Berlin", "2026-03-29T01:00Z", "2026-10-25T01:00Z"],
  ["America/New_York", "2026-03-08T07:00Z", "2026-11-01T06:00Z"],
  ["Australia/Lord_Howe", "2026-10-03T15:30Z", "2026-04-04T15:00Z"],
  ["America/St_Johns", "2026-03-08T05:30Z", "2026-11-01T04:30Z"],
  ["Asia/Kathmandu", "2026-03-29T01:00Z", "2026-10-25T01:00Z"],
] as const;

describe("a cron expression in a time zone", () => {
  it("comes as a clock that is watched minute by minute shows, around every change of it", () => {
    const pick = drawn(68);
    const field = (least: number, most: number): string => {
      const a = least + pick(most - least + 1);
      const b = a + pick(most - a + 1);
      return [`${a}`, `${a}-${b}`, `*/${1 + pick(20)}`, `${a},${b}`, "*"][pick(5)] ?? "*";
    };
    for (let i = 0; i < 120; i++) {
      const [zone, ...changes] = ZONES[i % ZONES.length] ?? ZONES[0];
      const hour = pick(3) === 0 ? "*" : field(0, 4);
      const text = `${field(0, 59)} ${hour} ${pick(4) === 0 ? field(1, 31) : "*"} * ${pick(4) === 0 ? field(0, 6) : "*"}`;
      for (const change of changes) {
        const from = Date.parse(change) - 8 * 3_600_000;
        const to = from + 16 * 3_600_000;
        const found: number[] = [];
        for (let at = new Date(from); ; ) {
          const next = nextOccurrence(parseCron(text), zone, at);
          if (next === undefined || next.getTime() >= to) break;
          found.push(next.getTime());
          at = next;
        }
        expect([text, zone, found]).toEqual([text, zone, walked(text, zone, from, to)]);
      }
    }
  }, 60_000);

  const times = (cron: string, timezone: string, from: string, count: number) =>
    occurrencesOf({ kind: "cron", cron, timezone }, new Date(from), count).map((at) => at.toISOString().slice(0, 16));

  it("makes up for a time in the hour that is left out right after it, and comes once in one that is repeated", () => {
    expect(times("30 2 * * *", "Europe/Berlin", "2026-03-28T12:00Z", 2)).toEqual([
      "2026-03-29T01:00",
      "2026-03-30T00:30",
    ]);
    expect(times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00Z", 2)).toEqual([
      "2026-10-25T00:30",
      "2026-10-26T01:30",
    ]);
  });

  it("goes by elapsed time where its hour is a star", () => {
    expect(times("*/30 * * * *", "Europe/Berlin", "2026-10-25T00:00Z", 5)).toEqual([
      "2026-10-25T00:30",
      "2026-10-25T01:00",
      "2026-10-25T01:30",
      "2026-10-25T02:00",
      "2026-10-25T02:30",
    ]);
  });

  it("takes either day where both are restricted", () => {
    expect(times("0 0 13 * FRI", "UTC", "2026-11-01T00:00Z", 3)).toEqual([
      "2026-11-06T00:00",
      "2026-11-13T00:00",
      "2026-11-20T00:00",
    ]);
  });

  it("waits for a leap year", () => {
    expect(times("0 0 29 2 *", "UTC", "2026-01-01T00:00Z", 2)).toEqual(["2028-02-29T00:00", "2032-02-29T00:00"]);
  });
});

describe("what is refused", () => {
  it.each([
    ["* * * *", "five fields"],
    ["60 * * * *", "`60` is no minute"],
    ["* 24 * * *", "`24` is no hour"],
    ["* * 0 * *", "`0` is no day of the month"],
    ["* * * FOO *", "`FOO` is no month"],
    ["5-1 * * * *", "ends before it begins"],
    ["*/0 * * * *", "no step"],
    ["1-2-3 * * * *", "no range"],
    ["* * * * MON-", "is no day of the week"],
  ])("%s", (text, message) => {
    expect(() => parseCron(text)).toThrow(CronError);
    expect(() => parseCron(text)).toThrow(message);
  });

  it("an expression that never comes, a zone that is none, an offset", () => {
    const issues = (trigger: object) => triggerSchema.safeParse(trigger).error?.issues.map(({ message }) => message);
    expect(issues({ kind: "cron", cron: "0 0 31 2 *" })).toEqual(["names a date that never comes"]);
    for (const timezone of ["Europe/Nowhere", "+01:00"])
      expect(issues({ kind: "cron", cron: "* * * * *", timezone })?.[0]).toContain("IANA");
    expect(issues({ kind: "cron", cron: "* * * * *", timezone: "Europe/Berlin" })).toBeUndefined();
  });
});
