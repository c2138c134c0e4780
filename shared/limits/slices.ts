import { timestamp } from "../clock.ts";
import type { TenantTable } from "../dynamo/table.ts";
import { Problem } from "../errors.ts";
import { overLimit, type RateState, rateState } from "./rate.ts";
import { type RateCounter, reserve } from "./reserve.ts";
import { minuteOf } from "./window.ts";

/** Up to this limit every request is counted by a write of its own. */
export const EXACT_LIMIT = 50;
/** No process holds more of a minute's allowance than this part of it. */
export const LARGEST_PART = 20;
/** Subjects that one process remembers; the one that was asked for longest ago is forgotten, and what it held is lost. */
const REMEMBERED = 5_000;

/** What one process holds of a subject's allowance. */
interface Slice {
  /** The minute that it was reserved in; with the minute it ends. */
  minute: number;
  month: string;
  /** Reserved and not used. */
  left: number;
  /** Requests that this process admitted in that minute. */
  served: number;
  counter: RateCounter | undefined;
  /** A reservation that is under way. */
  pending: Promise<unknown> | undefined;
}

export interface Allowance {
  readonly subject: string;
  /** Requests a minute. */
  readonly limit: number;
  /** Requests a month by the plan; Infinity where they are counted without a limit. */
  readonly monthly?: number;
}

/**
 * Counts the requests that one process serves. For limits over 50 it reserves a slice of the minute's allowance by one
 * conditional write and serves requests from it without any.
 *
 * Never more than the limit is admitted: a request is served only out of what was reserved before, and a slice ends
 * with its minute. Less may be: a process that goes idle keeps what it has reserved until the minute ends. A slice is
 * at most as large as what the process has served in this minute (in a new minute: half of the last one's), and at
 * most a twentieth of the limit, so idle processes hold back no more than they used themselves. What is left goes back
 * with the next reservation of the same subject, at whatever time the process wakes again; timers are no help, because
 * an idle Lambda function is frozen. What a process held when it was ended counts as used, in the month's count too.
 */
export class Slices {
  readonly #slices = new Map<string, Slice>();

  /**
   * Admits one request.
   * @throws Problem `rate_limited` (429) with Retry-After, `quota_exceeded` (402) when the month is used up
   */
  async admit(table: TenantTable, allowance: Allowance, now: Date): Promise<RateState> {
    const slice = this.#sliceOf(`${table.tenant}#${allowance.subject}`);
    for (;;) {
      while (slice.pending !== undefined) await slice.pending.catch(() => undefined);
      if (slice.left > 0 && slice.minute >= minuteOf(now) && slice.counter !== undefined) {
        slice.left--;
        slice.served++;
        return rateState(slice.counter, allowance.limit, now, slice.left);
      }
      slice.pending = this.#reserve(table, slice, allowance, now);
      try {
        await slice.pending;
      } finally {
        slice.pending = undefined;
      }
    }
  }

  async #reserve(table: TenantTable, slice: Slice, allowance: Allowance, now: Date): Promise<void> {
    const { subject, limit, monthly } = allowance;
    const minute = minuteOf(now);
    const { left, month } = slice;
    const { count, counter } = await reserve(
      table,
      {
        subject,
        limit,
        count: sizeOf(slice, limit, minute),
        ...(monthly === undefined ? {} : { monthly }),
        ...(left > 0 ? { unused: { count: left, minute: slice.minute, month } } : {}),
      },
      slice.counter,
      now,
    );
    slice.counter = counter;
    if (count === 0) {
      const calls = counter.calls ?? 0;
      throw monthly !== undefined && calls >= monthly ? monthUsedUp(monthly, calls) : overLimit(counter, limit, now);
    }
    // The write's condition makes this impossible; if it ever came, the request would reserve again for ever.
    if (counter.minute < minute)
      throw new Error(`the counter of ${subject} is of an earlier minute than its reservation`);
    if (slice.minute !== counter.minute) slice.served = 0;
    slice.left = count;
    slice.minute = counter.minute;
    slice.month = timestamp(now).slice(0, 7);
  }

  #sliceOf(key: string): Slice {
    const known = this.#slices.get(key);
    const slice = known ?? { minute: 0, month: "", left: 0, served: 0, counter: undefined, pending: undefined };
    this.#slices.delete(key);
    this.#slices.set(key, slice);
    if (this.#slices.size > REMEMBERED) this.#slices.delete(this.#slices.keys().next().value ?? "");
    return slice;
  }
}

function sizeOf({ minute: last, served }: Slice, limit: number, minute: number): number {
  if (limit <= EXACT_LIMIT) return 1;
  const use = last >= minute ? served : last === minute - 1 ? Math.floor(served / 2) : 0;
  return Math.max(1, Math.min(use, Math.ceil(limit / LARGEST_PART)));
}

const monthUsedUp = (limit: number, usage: number): Problem =>
  new Problem("quota_exceeded", `The plan has ${limit} API calls a month; ${usage} are used.`, {
    members: { resource: "api_calls_per_month", limit, usage },
  });
