/** Which minutes of a calendar a cron expression names. It knows no time zone: see `zones.ts`. */
export interface Cron {
  readonly minutes: readonly number[];
  readonly hours: readonly number[];
  readonly months: ReadonlySet<number>;
  /** 1 is January, 0 is Sunday. */
  isDay(day: number, weekday: number): boolean;
  /** Its hour is `*`: it goes by what has elapsed, not by what the clock shows. */
  readonly every_hour: boolean;
}

interface Field {
  readonly name: string;
  readonly least: number;
  readonly most: number;
  readonly words: readonly string[];
}

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

const FIELDS = {
  minute: { name: "minute", least: 0, most: 59, words: [] },
  hour: { name: "hour", least: 0, most: 23, words: [] },
  day: { name: "day of the month", least: 1, most: 31, words: [] },
  month: { name: "month", least: 1, most: 12, words: MONTHS },
  weekday: { name: "day of the week", least: 0, most: 7, words: WEEKDAYS },
} as const satisfies Record<string, Field>;

/** What is wrong with an expression. */
export class CronError extends Error {}

function numberOf({ name, least, most, words }: Field, text: string): number {
  const word = words.indexOf(text.toUpperCase());
  const value = word >= 0 ? word + (least === 1 ? 1 : 0) : /^\d{1,2}$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value) || value < least || value > most)
    throw new CronError(
      `\`${text}\` is no ${name}: ${least} to ${most}${words.length > 0 ? ` or ${words[0]} to ${words.at(-1)}` : ""}`,
    );
  return value;
}

/** The numbers of one field: `*`, `5`, `1-5`, each with a step after a slash, several joined by commas. */
function valuesOf(field: Field, text: string): number[] {
  const values = new Set<number>();
  for (const part of text.split(",")) {
    const [range = "", step, ...rest] = part.split("/");
    if (rest.length > 0 || (step !== undefined && !/^[1-9]\d?$/.test(step)))
      throw new CronError(`\`${part}\` has no step that is a whole number from 1`);
    const [first = "", last, ...more] = range.split("-");
    if (more.length > 0) throw new CronError(`\`${part}\` is no range`);
    const from = range === "*" ? field.least : numberOf(field, first);
    // A number with a step goes on to the field's end.
    const end = step === undefined ? from : field.most;
    const to = range === "*" ? field.most : last === undefined ? end : numberOf(field, last);
    if (to < from) throw new CronError(`\`${part}\` ends before it begins`);
    for (let value = from; value <= to; value += Number(step ?? 1)) values.add(value);
  }
  return [...values].sort((a, b) => a - b);
}

/**
 * Reads the five fields: minute, hour, day of the month, month, day of the week. Where both days are restricted, either
 * suffices, as everywhere with cron. @throws CronError
 */
export function parseCron(text: string): Cron {
  const parts = text.trim().split(/\s+/);
  const [minute, hour, day, month, weekday] = parts;
  if (parts.length !== 5 || minute === undefined || hour === undefined)
    throw new CronError("must have five fields: minute, hour, day of the month, month, day of the week");
  if (day === undefined || month === undefined || weekday === undefined) throw new CronError("must have five fields");
  const days = new Set(valuesOf(FIELDS.day, day));
  const weekdays = new Set(valuesOf(FIELDS.weekday, weekday).map((value) => value % 7));
  const either = !day.startsWith("*") && !weekday.startsWith("*");
  return {
    minutes: valuesOf(FIELDS.minute, minute),
    hours: valuesOf(FIELDS.hour, hour),
    months: new Set(valuesOf(FIELDS.month, month)),
    every_hour: hour === "*",
    isDay: (number, of_week) =>
      either ? days.has(number) || weekdays.has(of_week) : days.has(number) && weekdays.has(of_week),
  };
}

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;
/** Between two 29th of February there are eight years at most; one that is a certain weekday comes within 40. */
const MOST_DAYS = 366 * 41;

/**
 * The first minute at or after `wall` that the expression names. Times are those of a clock without a zone, as
 * milliseconds since 1970 on that clock. @returns undefined when there is none
 */
export function nextWall(cron: Cron, wall: number): number | undefined {
  const start = Math.ceil(wall / MINUTE_MS) * MINUTE_MS;
  let midnight = Math.floor(start / DAY_MS) * DAY_MS;
  for (let days = 0; days < MOST_DAYS; days++, midnight += DAY_MS) {
    const date = new Date(midnight);
    if (!cron.months.has(date.getUTCMonth() + 1) || !cron.isDay(date.getUTCDate(), date.getUTCDay())) continue;
    for (const hour of cron.hours) {
      if (midnight + (hour + 1) * HOUR_MS <= start) continue;
      for (const minute of cron.minutes) {
        const found = midnight + hour * HOUR_MS + minute * MINUTE_MS;
        if (found >= start) return found;
      }
    }
  }
  return undefined;
}
