import { offsetAt } from "../zones.ts";

/** What a clock and a calendar on the wall show. */
export interface LocalTime {
  readonly hour: number;
  readonly minute: number;
  /** 1 is Monday. */
  readonly weekday: number;
  readonly date: string;
  /** Minutes since midnight as the clock shows them, whatever it was changed by. */
  readonly minute_of_day: number;
}

const MINUTE_MS = 60_000;

/** What clocks of a zone show at an instant. */
export function localTime(zone: string, instant: number): LocalTime {
  const wall = new Date(instant + (zone === "UTC" ? 0 : offsetAt(zone, instant)));
  const [hour, minute] = [wall.getUTCHours(), wall.getUTCMinutes()];
  return {
    hour,
    minute,
    weekday: wall.getUTCDay() || 7,
    date: wall.toISOString().slice(0, 10),
    minute_of_day: hour * 60 + minute,
  };
}

/** What was shown last in each zone: requests of the same minute need not ask again. */
const shown = new Map<string, { readonly minute: number; readonly local: LocalTime }>();
const MOST_ZONES = 1_000;

/** The same, remembered for the minute. Clocks are changed at full minutes only. */
export function localTimeOf(zone: string, instant: number): LocalTime {
  const minute = Math.floor(instant / MINUTE_MS);
  const known = shown.get(zone);
  if (known?.minute === minute) return known.local;
  if (shown.size >= MOST_ZONES) shown.clear();
  const local = localTime(zone, minute * MINUTE_MS);
  shown.set(zone, { minute, local });
  return local;
}

/** Minutes since midnight of `HH:MM`; undefined for what is no time of day. `24:00` is the end of the day. */
export function minutesOf(text: unknown): number | undefined {
  const [, hour, minute] = (typeof text === "string" && /^(\d\d):([0-5]\d)$/.exec(text)) || [];
  const minutes = Number(hour) * 60 + Number(minute);
  return minutes <= 1_440 ? minutes : undefined;
}
