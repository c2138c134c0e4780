import { waitAsked } from "../../../../shared/outbound/retry-after.ts";

/** When a delivery is tried again, when it is given up, and when a subscription is switched off. Pure: time and chance come in. */

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** Waits between attempts: eight attempts over 27.6 hours, quick at first for a restart, slow later for an outage. */
export const retryDelaysMs: readonly number[] = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  10 * hour,
];

export const maxAttempts = retryDelaysMs.length + 1;

/** Longest wait that a receiver's Retry-After may ask for: more would outlive the schedule. */
export const maxRetryAfterMs = 12 * hour;

/** SQS holds a message back for at most 15 minutes. */
export const longestHintSeconds = 900;

/** So long after its time an attempt counts as forgotten, and the delivery comes due by itself. */
export const forgottenAfterSeconds = 600;

/** The schedule of retries ends after 27.6 hours, twelve-hour waits that receivers ask for included after less than this. */
export const longestDeliverySeconds = 4 * 86_400;

/** A subscription is disabled after this many failed deliveries in a row, or after failing for this long. */
export const disableRule = { consecutive_failures: 20, failing_for_ms: 72 * hour } as const;

/** How one attempt ended: an HTTP answer, or no answer (`retryable` as the outbound client says). */
export type AttemptOutcome =
  | { status: number; retry_after?: string | undefined }
  | { error: { code: string; retryable: boolean } };

export type AttemptVerdict =
  | { kind: "succeeded" }
  | { kind: "retry"; delay_ms: number }
  /** `disable`: the receiver said 410 Gone and wants no more of this subscription. */
  | { kind: "failed"; reason: "rejected" | "redirected" | "refused" | "exhausted"; disable: boolean };

/** Statuses that a later attempt may turn into success, beside all of 5xx. */
const retryableStatuses = new Set([408, 425, 429]);

/**
 * The wait before the attempt after `attempt` (1 = the first), undefined when there is none. `random` in [0, 1) spreads it over
 * ±20 %, so that the receivers of one outage do not come back in the same second.
 */
export const scheduledDelayMs = (attempt: number, random: number): number | undefined => {
  const base = retryDelaysMs[attempt - 1];
  return base === undefined ? undefined : Math.round(base * (0.8 + 0.4 * random));
};

/**
 * What follows from attempt number `attempt` (1 = the first). 2xx succeeds; 408, 425, 429, 5xx and network errors are retried as
 * long as the schedule lasts, never sooner than Retry-After asks; any other answer is final. A 3xx is never followed: the new
 * address has not been registered by anybody.
 */
export const judgeAttempt = (
  outcome: AttemptOutcome,
  attempt: number,
  chance: { now_ms: number; random: number },
): AttemptVerdict => {
  const wait = (asked: number | undefined): AttemptVerdict => {
    const scheduled = scheduledDelayMs(attempt, chance.random);
    if (scheduled === undefined) return { kind: "failed", reason: "exhausted", disable: false };
    return { kind: "retry", delay_ms: Math.max(scheduled, asked ?? 0) };
  };
  if ("error" in outcome) {
    return outcome.error.retryable ? wait(undefined) : { kind: "failed", reason: "refused", disable: false };
  }
  const { status } = outcome;
  if (status >= 200 && status < 300) return { kind: "succeeded" };
  if (status >= 500 || retryableStatuses.has(status))
    return wait(waitAsked(outcome.retry_after, chance.now_ms, maxRetryAfterMs));
  if (status >= 300 && status < 400) return { kind: "failed", reason: "redirected", disable: false };
  return { kind: "failed", reason: "rejected", disable: status === 410 };
};

/** The health of a subscription: failed deliveries (not attempts) in a row, and since when. */
export type DeliveryHealth = { consecutive_failures: number; failing_since_ms?: number | undefined };

/**
 * The health after a delivery ended, and why the subscription has to be disabled, if it has to. Test deliveries and attempts that
 * will be retried do not come here.
 */
export const afterDelivery = (
  health: DeliveryHealth,
  delivery: { succeeded: boolean; ended_at_ms: number },
): { health: DeliveryHealth; disable?: "consecutive_failures" | "failing_too_long" } => {
  if (delivery.succeeded) return { health: { consecutive_failures: 0 } };
  const since = health.failing_since_ms ?? delivery.ended_at_ms;
  const next = { consecutive_failures: health.consecutive_failures + 1, failing_since_ms: since };
  if (next.consecutive_failures >= disableRule.consecutive_failures)
    return { health: next, disable: "consecutive_failures" };
  if (delivery.ended_at_ms - since >= disableRule.failing_for_ms) return { health: next, disable: "failing_too_long" };
  return { health: next };
};

/**
 * How long the queue holds a hint at an attempt back, in seconds, 0 when it is due; undefined when the attempt is further
 * away than a queue holds messages: the delivery then comes due by itself.
 */
export const hintDelaySeconds = (attempt_at_ms: number, now_ms: number): number | undefined => {
  const left = Math.max(Math.ceil((attempt_at_ms - now_ms) / second), 0);
  return left <= longestHintSeconds ? left : undefined;
};

/** When a delivery with an attempt at this time comes due by itself, in milliseconds. */
export const dueAtMs = (attempt_at_ms: number, now_ms: number): number =>
  hintDelaySeconds(attempt_at_ms, now_ms) === undefined
    ? attempt_at_ms
    : attempt_at_ms + forgottenAfterSeconds * second;
