import { describe, expect, it } from "vitest";
import { compileConditions } from "../../../shared/policies/compile.ts";
import { Facts } from "../../../shared/policies/facts.ts";
import type { PolicyConditions } from "../../../shared/policies/language.ts";
import { localTime, localTimeOf, minutesOf } from "../../../shared/policies/local-time.ts";
import { slowClock, slowWithin } from "./support/slow.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** When clocks are changed, and by how many minutes they are ahead of UTC before and after: from the laws, not from a library. */
const changes = [
  ["Europe/Berlin", "2026-03-29T01:00:00Z", 60, 120],
  ["Europe/Berlin", "2026-10-25T01:00:00Z", 120, 60],
  ["America/New_York", "2026-03-08T07:00:00Z", -300, -240],
  ["America/New_York", "2026-11-01T06:00:00Z", -240, -300],
  ["Australia/Lord_Howe", "2026-04-04T15:00:00Z", 660, 630],
  ["Australia/Lord_Howe", "2026-10-03T15:30:00Z", 630, 660],
  ["America/Santiago", "2026-04-05T03:00:00Z", -180, -240],
  ["Asia/Kathmandu", "2026-06-01T00:00:00Z", 345, 345],
  // A day that never was: the calendar went from the 29th to the 31st of December.
  ["Pacific/Apia", "2011-12-30T10:00:00Z", -600, 840],
] as const;

const at = (instant: number, conditions: PolicyConditions): boolean =>
  compileConditions(conditions)(
    new Facts({
      resource_type: "agent",
      action: "read",
      principal: { kind: "user", id: "usr_1" },
      resource: {},
      context: {},
      at: new Date(instant),
    }),
  );

describe("the time on the wall", () => {
  it.each(changes)("in %s is right minute by minute around %s", (zone, change, before, after) => {
    const moment = Date.parse(change);
    for (let instant = moment - 3 * HOUR; instant < moment + 3 * HOUR; instant += MINUTE) {
      const wall = new Date(instant + (instant < moment ? before : after) * MINUTE);
      const shown = localTime(zone, instant);
      expect(shown).toEqual({
        hour: wall.getUTCHours(),
        minute: wall.getUTCMinutes(),
        weekday: ((wall.getUTCDay() + 6) % 7) + 1,
        date: wall.toISOString().split("T")[0],
        minute_of_day: wall.getUTCHours() * 60 + wall.getUTCMinutes(),
      });
      const { minute_of_day, ...clock } = shown;
      expect(clock).toEqual(slowClock(new Date(instant), zone));
    }
  });

  it("is remembered for a minute and never for longer", () => {
    const start = Date.parse("2026-03-29T00:58:30Z");
    for (let second = 0; second < 300; second += 7)
      expect(localTimeOf("Europe/Berlin", start + second * 1_000)).toEqual(
        localTime("Europe/Berlin", start + second * 1_000),
      );
  });

  it("is a time of day from 00:00 to 24:00", () => {
    expect(["00:00", "09:30", "23:59", "24:00"].map(minutesOf)).toEqual([0, 570, 1_439, 1_440]);
    for (const none of ["24:01", "9:30", "12:60", "", " 09:30", "25:00", 930, null])
      expect(minutesOf(none)).toBeUndefined();
  });
});

describe("a window", () => {
  const windows = [
    { from: "22:00", to: "06:00" },
    { from: "22:00", to: "06:00", weekdays: [6, 7] },
    { from: "01:30", to: "02:30" },
    { from: "02:00", to: "03:00", weekdays: [7] },
    { from: "00:00", to: "24:00", weekdays: [7] },
    { from: "12:00", to: "11:59" },
  ];

  it.each(changes.slice(0, 6))(
    "in %s holds minute by minute around %s as the clock on the wall says",
    (zone, change) => {
      const moment = Date.parse(change);
      for (const value of windows)
        for (let instant = moment - 2 * HOUR; instant < moment + 2 * HOUR; instant += 5 * MINUTE)
          expect(at(instant, { path: "time.of_day", op: "within", value, zone })).toBe(
            slowWithin(value, new Date(instant), zone),
          );
    },
  );

  it.each([
    ["2026-10-23T22:00:00Z", true, "a Friday night begins"],
    ["2026-10-24T05:59:00Z", true, "the Saturday morning is part of it"],
    ["2026-10-24T06:00:00Z", false, "it has ended"],
    ["2026-10-24T22:00:00Z", false, "Saturday's night is another one"],
    ["2026-10-23T05:00:00Z", false, "Friday's morning is the end of Thursday's night"],
  ])("over midnight belongs to the day on which it begins: at %s %s, %s", (instant, holds) => {
    const value = { from: "22:00", to: "06:00", weekdays: [5] };
    expect(at(Date.parse(instant), { path: "time.of_day", op: "within", value })).toBe(holds);
  });

  it("counts an hour that clocks show twice both times, and one that they leave out never", () => {
    const night = { path: "time.of_day", op: "within", value: { from: "02:00", to: "03:00" }, zone: "Europe/Berlin" };
    const minutesHeld = (from: string) => {
      const start = Date.parse(from);
      return Array.from({ length: 360 }, (_, minute) => at(start + minute * MINUTE, night)).filter(Boolean).length;
    };
    expect(minutesHeld("2026-10-24T22:00:00Z")).toBe(120);
    expect(minutesHeld("2026-03-28T22:00:00Z")).toBe(0);
    expect(minutesHeld("2026-06-01T22:00:00Z")).toBe(60);
  });
});
