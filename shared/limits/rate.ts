import type { TenantTable } from "../dynamo/table.ts";
import { Problem } from "../errors.ts";
import { type RateCounter, reserve } from "./reserve.ts";
import { free, minuteOf, rolled, waitSeconds } from "./window.ts";

export interface RateState {
  readonly limit: number;
  readonly remaining: number;
  /** Seconds to the end of the minute; from then on the last minute counts less with every second. */
  readonly reset_seconds: number;
}

/** What a counter leaves of a limit, besides what this process holds of it. */
export const rateState = (counter: RateCounter, limit: number, now: Date, held = 0): RateState => ({
  limit,
  remaining: free(rolled(counter, minuteOf(now)), limit, now) + held,
  reset_seconds: 60 - now.getUTCSeconds(),
});

/**
 * Counts one request against a limit per minute, exactly: the count and the check are one conditional write, so
 * parallel requests cannot exceed it. For small limits; large ones are counted in slices (`slices.ts`).
 * @throws Problem `rate_limited` (429) with Retry-After
 */
export async function countRequest(table: TenantTable, subject: string, limit: number, now: Date): Promise<RateState> {
  const { count, counter } = await reserve(table, { subject, count: 1, limit }, undefined, now);
  if (count === 0) throw overLimit(counter, limit, now);
  return rateState(counter, limit, now);
}

export const overLimit = (counter: RateCounter, limit: number, now: Date): Problem =>
  rateLimited(limit, waitSeconds(counter, limit, now));

export const rateLimited = (limit: number, retry_after_seconds: number): Problem =>
  new Problem("rate_limited", `The limit of ${limit} requests a minute is reached.`, {
    headers: {
      "retry-after": String(retry_after_seconds),
      ...rateHeaders({ limit, remaining: 0, reset_seconds: retry_after_seconds }),
    },
  });

export const rateHeaders = (state: RateState): Record<string, string> => ({
  "ratelimit-limit": String(state.limit),
  "ratelimit-remaining": String(state.remaining),
  "ratelimit-reset": String(state.reset_seconds),
});
