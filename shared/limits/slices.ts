import { timestamp } from "../clock.ts";
import { AnswerLost } from "../dynamo/retry.ts";
import type { TenantTable } from "../dynamo/table.ts";
import { Problem } from "../errors.ts";
import { overLimit, type RateState, rateState } from "./rate.ts";
import { type RateCounter, reserve, type Settlement } from "./reserve.ts";
import { AHEAD_SLOTS, mayBeSettled, SLOT_MS, slotOf } from "./window.ts";

/** Up to this limit every request is counted by a write of its own. */
export const EXACT_LIMIT = 100;
/** No process holds more of an allowance than this part of it, */
export const LARGEST_PART = 20;
/** nor, when it has just begun, more than this part, */
export const FIRST_PART = 500;
/** and never more than this: a thousand processes that begin in one minute, and die, hold ten thousand together. */
export const LARGEST_FIRST = 10;
/** Subjects that one process remembers; the one that was asked for longest ago is forgotten, and what it held is lost. */
const REMEMBERED = 5_000;

/** What one process holds of a subject's allowance. */
interface Slice {
  /** Reserved and not used. */
  left: number;
  reserved: number;
  /** The slots of time from and to which it may be used. */
  from: number;
  until: number;
  month: string;
  /** What was used of it, by slot. */
  used: Map<number, number>;
  /** What this process admitted lately, by slot. */
  readonly served: Map<number, number>;
  counter: RateCounter | undefined;
  /** The limits under which it was reserved: under others it is settled first. */
  limit: number;
  monthly: number | undefined;
  /** In which slot of time the counter did not answer: it is not asked again in that one. */
  silent: { readonly slot: number; readonly error: Uncounted } | undefined;
  /** A reservation that is under way. */
  pending: Promise<unknown> | undefined;
}

/** The counter does not answer, so that nobody knows what is left. What that means is the matter of whoever counts. */
export class Uncounted extends Problem {
  constructor(cause: unknown) {
    super(
      "service_unavailable",
      `What this counts against does not answer right now. Nothing was done; try again in ${UNCOUNTED_SECONDS} s.`,
      { headers: { "retry-after": String(UNCOUNTED_SECONDS) }, cause },
    );
  }
}
/** A slot of time, after which the counter is asked again. */
const UNCOUNTED_SECONDS = Math.ceil(SLOT_MS / 1_000);

export interface Allowance {
  /** Which limit it is, as headers name it. */
  readonly name: string;
  readonly subject: string;
  /** Requests a minute. */
  readonly limit: number;
  /** Requests a month by the plan; Infinity where they are counted without a limit. */
  readonly monthly?: number;
}

/**
 * Counts the requests that one process serves. For limits over 100 it reserves a slice of the allowance by one conditional
 * write and serves requests from it for ten seconds without any.
 *
 * Never more than the limit is admitted in any minute: a request is served only out of what was reserved before, and what
 * is reserved counts as used in the last moment in which it may be. The next reservation settles it: what was used counts
 * from when it was, the rest comes back. Less than the limit may be admitted: a process that goes idle keeps what it has
 * reserved until its time is over and counted no more; a timer is no help, because an idle Lambda function is frozen. So a
 * slice is at most as large as what the process has served in the last ten seconds, and at most a twentieth of the limit.
 * Calls of a month that were reserved and not used go back at whatever time the process wakes again; what a process held
 * when it was ended counts as used.
 */
export class Slices {
  readonly #slices = new Map<string, Slice>();

  /**
   * Admits one request.
   * @throws Problem `rate_limited` (429) with Retry-After, `quota_exceeded` (402) when the month is used up; {@link Uncounted}
   */
  async admit(table: TenantTable, allowance: Allowance, now: Date): Promise<RateState> {
    const slice = this.#sliceOf(`${table.tenant}#${allowance.subject}`);
    for (;;) {
      while (slice.pending !== undefined) await slice.pending.catch(() => undefined);
      const slot = Math.max(slotOf(now), slice.from);
      const same = slice.limit === allowance.limit && slice.monthly === allowance.monthly;
      if (slice.left > 0 && slot <= slice.until && same && slice.counter !== undefined) {
        slice.left--;
        for (const counts of [slice.used, slice.served]) counts.set(slot, (counts.get(slot) ?? 0) + 1);
        return rateState(allowance, slice.counter, now, slice.left);
      }
      // Who waited while it was asked does not wait for the same silence again.
      if (slice.silent !== undefined && slotOf(now) <= slice.silent.slot) throw slice.silent.error;
      slice.pending = this.#reserve(table, slice, allowance, now);
      try {
        await slice.pending;
      } catch (error) {
        if (!(error instanceof Problem) || error.code !== "service_unavailable") throw error;
        slice.silent = { slot: slotOf(now), error: new Uncounted(error) };
        throw slice.silent.error;
      } finally {
        slice.pending = undefined;
      }
    }
  }

  async #reserve(table: TenantTable, slice: Slice, allowance: Allowance, now: Date): Promise<void> {
    try {
      await this.#reserveAnother(table, slice, allowance, now);
    } catch (error) {
      if (!(error instanceof AnswerLost)) throw error;
      const { reserved } = slice;
      // Settled or not: what was held counts as used, and is never settled a second time.
      Object.assign(slice, { left: 0, reserved: 0, from: 0, until: 0, used: new Map() });
      if (reserved === 0) throw error;
      await this.#reserveAnother(table, slice, allowance, now);
    }
  }

  async #reserveAnother(table: TenantTable, slice: Slice, allowance: Allowance, now: Date): Promise<void> {
    const { subject, limit, monthly } = allowance;
    const slot = slotOf(now);
    for (const old of slice.served.keys()) if (old < slot - AHEAD_SLOTS) slice.served.delete(old);
    const size = sizeOf(slice, limit);
    const until = size === 1 ? slot : slot + AHEAD_SLOTS;
    const { count, counter } = await reserve(
      table,
      {
        subject,
        limit,
        count: size,
        until,
        settle: settlementOf(slice, now),
        ...(monthly === undefined ? {} : { monthly }),
        ...(slice.left > 0 ? { unused: { count: slice.left, month: slice.month } } : {}),
      },
      slice.counter,
      now,
    );
    slice.counter = counter;
    if (count === 0) {
      const calls = counter?.calls ?? 0;
      throw monthly !== undefined && calls >= monthly
        ? monthUsedUp(monthly, calls)
        : overLimit(allowance, counter, now);
    }
    const month = timestamp(now).slice(0, 7);
    Object.assign(slice, { left: count, reserved: count, used: new Map(), from: slot, until, limit, monthly, month });
  }

  #sliceOf(key: string): Slice {
    const known = this.#slices.get(key);
    const slice = known ?? {
      left: 0,
      reserved: 0,
      from: 0,
      until: 0,
      month: "",
      used: new Map<number, number>(),
      served: new Map<number, number>(),
      counter: undefined,
      limit: 0,
      monthly: undefined,
      silent: undefined,
      pending: undefined,
    };
    this.#slices.delete(key);
    this.#slices.set(key, slice);
    if (this.#slices.size > REMEMBERED) this.#slices.delete(this.#slices.keys().next().value ?? "");
    return slice;
  }
}

/** What became of the slice, where the counter does not say so by itself: one that was used at once does. */
const settlementOf = ({ reserved, from, until, used }: Slice, now: Date): Settlement | undefined =>
  until === from || !mayBeSettled(until, now) ? undefined : { last: until, reserved, used };

/** Requests that a process which has just begun reserves at once, and that any does at most. */
export const firstSlice = (limit: number): number =>
  limit <= EXACT_LIMIT ? 1 : Math.max(1, Math.min(LARGEST_FIRST, Math.floor(limit / FIRST_PART)));
export const largestSlice = (limit: number): number => (limit <= EXACT_LIMIT ? 1 : Math.ceil(limit / LARGEST_PART));

function sizeOf({ served }: Slice, limit: number): number {
  const lately = served.values().reduce((all, count) => all + count, 0);
  return Math.max(firstSlice(limit), Math.min(lately, largestSlice(limit)));
}

const monthUsedUp = (limit: number, usage: number): Problem =>
  new Problem("quota_exceeded", `The plan has ${limit} API calls a month; ${usage} are used.`, {
    members: { resource: "api_calls_per_month", limit, usage },
  });
