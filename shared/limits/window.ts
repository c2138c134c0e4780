/**
 * A limit per minute that slides: what counts is this minute and, of the last one, the part that the last 60 seconds
 * still reach into, as if its requests had come evenly. So there is no moment at which twice the limit gets through,
 * as there is where two minutes of the clock meet. Two numbers are all that is kept.
 */

export const MINUTE_MS = 60_000;

export interface Window {
  /** Minutes since 1970. */
  readonly minute: number;
  readonly current: number;
  readonly previous: number;
}

export const minuteOf = (now: Date): number => Math.floor(now.getTime() / MINUTE_MS);

/** The window in a later minute. One that is ahead, by another machine's clock, stays as it is. */
export function rolled(window: Window, minute: number): Window {
  if (window.minute >= minute) return window;
  return { minute, current: 0, previous: window.minute === minute - 1 ? window.current : 0 };
}

/** How much of the window's minute has passed, from 0 to 1. */
const passed = ({ minute }: Window, now: Date): number =>
  Math.min(1, Math.max(0, (now.getTime() - minute * MINUTE_MS) / MINUTE_MS));

/** What of the last minute still counts, rounded up. */
export const carried = (window: Window, now: Date): number => Math.ceil(window.previous * (1 - passed(window, now)));

/** How many more may be admitted now. */
export const free = (window: Window, limit: number, now: Date): number =>
  Math.max(0, limit - window.current - carried(window, now));

/** Seconds until one more may be admitted, if nothing else happens; at least 1. */
export function waitSeconds(window: Window, limit: number, now: Date): number {
  const elapsed = passed(window, now) * 60;
  const { current, previous } = window;
  // The time in its minute at which so few of the last one's requests count that one more fits beside `beside`.
  const fits = (last: number, beside: number) => 60 * (1 - Math.min(1, (limit - beside - 1) / Math.max(1, last)));
  const seconds = current < limit ? fits(previous, current) - elapsed : 60 - elapsed + fits(current, 0);
  return Math.max(1, Math.ceil(seconds));
}
