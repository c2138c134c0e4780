import { Problem } from "../errors.ts";
import type { RateCounter } from "./reserve.ts";
import { free, resetSeconds, waitSeconds } from "./window.ts";

/** Requests a minute, and which limit that is. */
export interface RateLimit {
  readonly name: string;
  readonly limit: number;
}

export interface RateState extends RateLimit {
  readonly remaining: number;
  /** Seconds until some of what is used comes back. */
  readonly reset_seconds: number;
}

/** What a counter leaves of a limit, besides what this process holds of it. */
export const rateState = ({ name, limit }: RateLimit, counter: RateCounter, now: Date, held = 0): RateState => ({
  name,
  limit,
  remaining: free(counter, limit, now) + held,
  reset_seconds: resetSeconds(counter, now),
});

export const overLimit = (of: RateLimit, counter: RateCounter | undefined, now: Date): Problem =>
  rateLimited(of, counter === undefined ? 1 : waitSeconds(counter, of.limit, now));

export const rateLimited = ({ name, limit }: RateLimit, retry_after_seconds: number): Problem =>
  new Problem(
    "rate_limited",
    `The limit \`${name}\` of ${limit} requests a minute is reached. Try again in ${retry_after_seconds} s.`,
    {
      headers: {
        "retry-after": String(retry_after_seconds),
        ...rateHeaders([{ name, limit, remaining: 0, reset_seconds: retry_after_seconds }]),
      },
    },
  );

/**
 * Headers of the limits that a request was counted against: each of them as draft-ietf-httpapi-ratelimit-headers-10 has
 * it, and the one with the least left as earlier drafts had it.
 */
export function rateHeaders(states: readonly RateState[]): Record<string, string> {
  let [least] = states;
  if (least === undefined) return {};
  let policies = "";
  let rates = "";
  for (const state of states) {
    const { name, limit, remaining, reset_seconds } = state;
    if (remaining < least.remaining) least = state;
    const comma = policies === "" ? "" : ", ";
    policies += `${comma}"${name}";q=${limit};w=60`;
    rates += `${comma}"${name}";r=${remaining};t=${reset_seconds}`;
  }
  return {
    "ratelimit-limit": String(least.limit),
    "ratelimit-remaining": String(least.remaining),
    "ratelimit-reset": String(least.reset_seconds),
    "ratelimit-policy": policies,
    ratelimit: rates,
  };
}
