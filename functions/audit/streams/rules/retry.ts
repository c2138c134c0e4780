import type * as z from "zod";
import type { stoppedReason } from "./kinds.ts";
import type { Failure } from "./sent.ts";

/** When a stream is tried again, and when it stops by itself. Pure: time and chance come in. */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** The first wait; each further one is twice as long, up to the longest. What waits is looked at once a minute. */
const FIRST_WAIT_MS = 30 * second;
const LONGEST_WAIT_MS = 15 * minute;
/** Longest wait that a destination's Retry-After may ask for. */
export const LONGEST_ASKED_MS = hour;

/** A stream stops when its destination has taken nothing for so long: an outage over a weekend is sat out. */
export const STOPS_AFTER_MS = 72 * hour;
/** And when it has refused for so long, which no wait mends: a change of its own may take an hour. */
export const REFUSED_FOR_MS = hour;

/** Failures in a row. */
export interface Failing {
  readonly consecutive_failures: number;
  readonly failing_since?: string | undefined;
  /** Since when all of them were refusals. */
  readonly refused_since?: string | undefined;
}

export type StoppedReason = z.output<typeof stoppedReason>;

export interface AfterFailure {
  readonly failing: Failing & { readonly failing_since: string };
  /** The stream stops for this. Undefined while it goes on, at `retry_at`. */
  readonly stop: StoppedReason | undefined;
  readonly retry_at: Date;
}

/**
 * What follows from one more failure.
 * @param random in [0, 1): spreads the wait over ±20 %, so that the streams to one collector do not come back together
 */
export function afterFailure(
  before: Failing,
  failure: Pick<Failure, "kind" | "after_ms">,
  { now, random }: { readonly now: Date; readonly random: number },
): AfterFailure {
  const at = now.toISOString();
  const consecutive_failures = before.consecutive_failures + 1;
  const failing_since = before.failing_since ?? at;
  const refused_since = failure.kind === "passes" ? undefined : (before.refused_since ?? at);
  const doubled = Math.min(FIRST_WAIT_MS * 2 ** Math.min(consecutive_failures - 1, 16), LONGEST_WAIT_MS);
  const wait = Math.max(Math.round(doubled * (0.8 + 0.4 * random)), Math.min(failure.after_ms ?? 0, LONGEST_ASKED_MS));
  const lasts = (since: string | undefined, ms: number) =>
    since !== undefined && now.getTime() - Date.parse(since) >= ms;
  const stop = (): StoppedReason | undefined => {
    if (failure.kind === "gone") return "gone";
    if (lasts(refused_since, REFUSED_FOR_MS)) return "refused";
    return lasts(failing_since, STOPS_AFTER_MS) ? "failing_too_long" : undefined;
  };
  return {
    failing: { consecutive_failures, failing_since, refused_since },
    stop: stop(),
    retry_at: new Date(now.getTime() + wait),
  };
}
