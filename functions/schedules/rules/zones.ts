import { offsetAt } from "../../../shared/zones.ts";
import { type Cron, DAY_MS, nextWall } from "./cron.ts";

/** The first instant at which the zone's clocks are no more as at `from`; they are so at `to`. */
function changeWithin(zone: string, from: number, to: number): number {
  const before = offsetAt(zone, from);
  let [low, high] = [from, to];
  while (high - low > 1_000) {
    const middle = Math.floor((low + high) / 2_000) * 1_000;
    if (offsetAt(zone, middle) === before) low = middle;
    else high = middle;
  }
  return high;
}

/**
 * The instant at which a clock of the zone shows this time: the first one where it shows it twice, the end of the gap
 * where it never does. Of two times the later one never comes first.
 */
function instantOf(zone: string, wall: number): number {
  const [before, after] = [wall - DAY_MS - DAY_MS, wall + DAY_MS + DAY_MS];
  const offsets = [offsetAt(zone, before), offsetAt(zone, after)];
  const shown = offsets.map((offset) => wall - offset).filter((instant) => wall - offsetAt(zone, instant) === instant);
  return shown.length > 0 ? Math.min(...shown) : changeWithin(zone, before, after);
}

/** By what a clock is changed at most, in one step. */
const JUMP_MS = 2 * DAY_MS;

/** Each minute of the expression's that really passes: twice where the clock is set back, never where it is set forward. */
function nextElapsed(cron: Cron, zone: string, after: number): number | undefined {
  let from = after + 1;
  for (;;) {
    const offset = offsetAt(zone, from);
    const wall = nextWall(cron, from + offset);
    if (wall === undefined) return undefined;
    const instant = wall - offset;
    // Nothing of the expression's lies before this, however often clocks are changed in between.
    if (instant - from > JUMP_MS) from = instant - JUMP_MS;
    else if (offsetAt(zone, instant) === offset) return instant;
    else from = changeWithin(zone, from, instant);
  }
}

/** Each time of the expression's once: the first of two, the end of the gap. */
function nextShown(cron: Cron, zone: string, after: number): number | undefined {
  let wall = nextWall(cron, after + offsetAt(zone, after));
  while (wall !== undefined) {
    const instant = instantOf(zone, wall);
    if (instant > after) return instant;
    wall = nextWall(cron, wall + 1);
  }
  return undefined;
}

/**
 * When the expression comes next in a time zone, after an instant. An expression with `*` as its hour goes by elapsed
 * time, so that what runs every few minutes neither pauses for an hour nor catches up. Any other names times of the day:
 * one in the hour that is left out comes right after it, one in the hour that is repeated comes once.
 * @returns undefined when it never comes
 */
export function nextOccurrence(cron: Cron, zone: string, after: Date): Date | undefined {
  const found = (cron.every_hour ? nextElapsed : nextShown)(cron, zone, after.getTime());
  return found === undefined ? undefined : new Date(found);
}
