/** Time enters every rule as an argument; this is the only place that reads it. */
export interface Clock {
  now(): Date;
}

export const systemClock: Clock = { now: () => new Date() };

/** RFC 3339 in UTC with milliseconds, the one form of time on the wire and in the table. */
export function timestamp(date: Date): string {
  const time = date.getTime();
  if (time !== last.time) last = { time, text: date.toISOString() };
  return last.text;
}

/** A request writes and compares its own time some fifty times. */
let last = { time: Number.NaN, text: "" };

export const addSeconds = (date: Date, seconds: number): Date => new Date(date.getTime() + seconds * 1000);

/** Minutes since the epoch. */
export const minuteOf = (now: Date): number => Math.floor(now.getTime() / 60_000);

/** Seconds since the epoch, the form DynamoDB's expiry and JWTs use. */
export const epochSeconds = (date: Date): number => Math.floor(date.getTime() / 1000);
