import * as z from "zod";
import { addSeconds, timestamp } from "../../../../shared/clock.ts";
import type { TimeRange } from "../../../../shared/http/time-range.ts";
import { timeOfId } from "../../../../shared/ids.ts";

/*
 * What a head has was there when it was signed. So nothing of a range of time stands before a head that is older than the
 * range, and what got its number in time stands before one that is so much younger than it.
 */

/** A head is older than a range if it is so by this much: entries and heads get their times from two clocks. */
export const EARLY_SECONDS = 60;

/**
 * Entries get their numbers some seconds after they were made, and those that the sequencer has missed the next day
 * (`CHECK_SECONDS`). What gets one after so long is late, and the tree knows of it.
 */
export const LATE_SECONDS = 2 * 86_400;

/** Between which times the entries happened that got their numbers late, and how many entries a tree has that has them all. */
export const lateSchema = z.object({ from: z.string(), to: z.string(), size: z.int() });
export type Late = z.output<typeof lateSchema>;

/** What is known of late entries after one more has got its number, by a head that is signed at this time. */
export function afterNumber(late: Late | undefined, id: string, sequence: number, at: Date): Late | undefined {
  const happened = timeOfId(id);
  if (addSeconds(happened, LATE_SECONDS - EARLY_SECONDS) > at) return late;
  const time = timestamp(happened);
  const from = late !== undefined && late.from < time ? late.from : time;
  const to = late !== undefined && late.to > time ? late.to : time;
  return { from, to, size: sequence + 1 };
}

/** How many entries a tree has at least that has the late ones of a range. */
export function sizeWithLate(late: Late | undefined, { from, to }: TimeRange): number {
  if (late === undefined) return 0;
  const isBefore = from !== undefined && Date.parse(late.to) < Date.parse(from);
  const isAfter = to !== undefined && Date.parse(late.from) > Date.parse(to);
  return isBefore || isAfter ? 0 : late.size;
}
