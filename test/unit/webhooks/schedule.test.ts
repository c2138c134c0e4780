import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  afterDelivery,
  type DeliveryHealth,
  disableRule,
  dueAtMs,
  forgottenAfterSeconds,
  hintDelaySeconds,
  judgeAttempt,
  longestHintSeconds,
  maxAttempts,
  maxRetryAfterMs,
  retryDelaysMs,
  scheduledDelayMs,
} from "../../../functions/webhooks/deliveries/rules/schedule.ts";
import { waitAsked } from "../../../shared/outbound/retry-after.ts";

const now = Date.UTC(2026, 0, 15, 12, 0, 0);
const chance = { now_ms: now, random: 0.5 };
const hour = 3_600_000;
/** What Math.random and its like can give. */
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

test("at least six attempts fall within a day, and the whole schedule lasts about a day, whatever the jitter", () => {
  fc.assert(
    fc.property(fc.array(random, { minLength: 7, maxLength: 7 }), (draws) => {
      const at = [0];
      for (const [index, draw] of draws.entries()) at.push((at[index] ?? 0) + (scheduledDelayMs(index + 1, draw) ?? 0));
      expect(at.filter((time) => time <= 24 * hour).length).toBeGreaterThanOrEqual(6);
      expect(at.at(-1)).toBeGreaterThan(20 * hour);
      expect(at.at(-1)).toBeLessThan(36 * hour);
    }),
  );
});

test("jitter stays within a fifth of the wait, and really spreads", () => {
  for (const [index, base] of retryDelaysMs.entries()) {
    expect(scheduledDelayMs(index + 1, 0)).toBe(base * 0.8);
    expect(scheduledDelayMs(index + 1, 0.75)).toBe(Math.round(base * 1.1));
  }
  expect(scheduledDelayMs(maxAttempts, 0.5)).toBeUndefined();
});

describe("an attempt's outcome", () => {
  test.each([200, 201, 202, 204, 299])("%i succeeds", (status) => {
    expect(judgeAttempt({ status }, 1, chance)).toEqual({ kind: "succeeded" });
  });

  test.each([408, 425, 429, 500, 501, 502, 503, 504, 599])("%i is retried on schedule", (status) => {
    expect(judgeAttempt({ status }, 2, chance)).toEqual({ kind: "retry", delay_ms: 300_000 });
  });

  test.each([400, 401, 403, 404, 405, 409, 413, 418, 422, 451])("%i is final and keeps the subscription", (status) => {
    expect(judgeAttempt({ status }, 1, chance)).toEqual({ kind: "failed", reason: "rejected", disable: false });
  });

  test("410 is final and disables the subscription", () => {
    expect(judgeAttempt({ status: 410 }, 1, chance)).toEqual({ kind: "failed", reason: "rejected", disable: true });
  });

  test.each([300, 301, 302, 303, 304, 307, 308])("%i is a failure, not a new address", (status) => {
    expect(judgeAttempt({ status }, 1, chance)).toEqual({ kind: "failed", reason: "redirected", disable: false });
  });

  test("network errors are retried, blocked addresses are not", () => {
    expect(judgeAttempt({ error: { code: "timeout", retryable: true } }, 1, chance)).toEqual({
      kind: "retry",
      delay_ms: 5_000,
    });
    expect(judgeAttempt({ error: { code: "blocked_address", retryable: false } }, 1, chance)).toEqual({
      kind: "failed",
      reason: "refused",
      disable: false,
    });
  });

  test("after the last attempt the delivery has failed", () => {
    expect(judgeAttempt({ status: 503 }, maxAttempts, chance)).toEqual({
      kind: "failed",
      reason: "exhausted",
      disable: false,
    });
    expect(judgeAttempt({ status: 503, retry_after: "1" }, maxAttempts, chance)).toMatchObject({ kind: "failed" });
    expect(judgeAttempt({ status: 503 }, maxAttempts - 1, chance)).toMatchObject({ kind: "retry" });
  });

  test("Retry-After only ever lengthens the wait", () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.integer({ min: 1, max: maxAttempts - 1 }), random, (seconds, attempt, draw) => {
        const verdict = judgeAttempt({ status: 429, retry_after: String(seconds) }, attempt, {
          now_ms: now,
          random: draw,
        });
        const scheduled = scheduledDelayMs(attempt, draw) ?? 0;
        expect(verdict).toEqual({
          kind: "retry",
          delay_ms: Math.max(scheduled, Math.min(seconds * 1000, maxRetryAfterMs)),
        });
      }),
    );
  });
});

test.each([
  ["0", 0],
  [" 120 ", 120_000],
  ["99999999", maxRetryAfterMs],
  ["Thu, 15 Jan 2026 12:01:00 GMT", 60_000],
  ["Thursday, 15-Jan-26 12:01:00 GMT", 60_000],
  ["Thu Jan 15 12:01:00 2026", 60_000],
  ["Thu, 15 Jan 2026 11:00:00 GMT", 0],
  ["Fri, 15 Jan 2027 12:00:00 GMT", maxRetryAfterMs],
  ["-5", undefined],
  ["1.5", 1_500],
  ["soon", undefined],
  ["2026-01-15T12:01:00Z", undefined],
  ["Thu, 99 Xxx 2026 12:01:00 GMT", undefined],
  ["", undefined],
  [undefined, undefined],
])("Retry-After %j means %j ms", (value, expected) => {
  expect(waitAsked(value, now, maxRetryAfterMs)).toBe(expected);
});

describe("a subscription is disabled", () => {
  const fail = (health: DeliveryHealth, ended_at_ms: number) =>
    afterDelivery(health, { succeeded: false, ended_at_ms });

  test("at the twentieth failed delivery in a row, not before", () => {
    let health: DeliveryHealth = { consecutive_failures: 0 };
    for (let count = 1; count < disableRule.consecutive_failures; count += 1) {
      const after = fail(health, now + count);
      expect(after.disable).toBeUndefined();
      health = after.health;
    }
    expect(fail(health, now + 20)).toMatchObject({
      disable: "consecutive_failures",
      health: { consecutive_failures: 20 },
    });
  });

  test("when it has been failing for three days, not a millisecond before", () => {
    const { health } = fail({ consecutive_failures: 0 }, now);
    expect(health).toEqual({ consecutive_failures: 1, failing_since_ms: now });
    expect(fail(health, now + 72 * hour - 1).disable).toBeUndefined();
    expect(fail(health, now + 72 * hour).disable).toBe("failing_too_long");
  });

  test("never when one delivery succeeds in between", () => {
    const after = afterDelivery(
      { consecutive_failures: 19, failing_since_ms: now },
      { succeeded: true, ended_at_ms: now + 1 },
    );
    expect(after).toEqual({ health: { consecutive_failures: 0 } });
    expect(fail(after.health, now + 100 * hour).disable).toBeUndefined();
  });
});

test("a queue holds a hint until the attempt or not at all; the delivery comes due after it, or with it", () => {
  fc.assert(
    fc.property(fc.integer({ min: -1_000, max: 48 * hour }), (left) => {
      const attempt_at = now + left;
      const delay = hintDelaySeconds(attempt_at, now);
      const due_at = dueAtMs(attempt_at, now);
      if (left > longestHintSeconds * 1_000) {
        expect([delay, due_at]).toEqual([undefined, attempt_at]);
        return;
      }
      expect(delay).toBe(Math.max(0, Math.ceil(left / 1_000)));
      expect(due_at - attempt_at).toBe(forgottenAfterSeconds * 1_000);
    }),
    { examples: [[900_000], [900_001], [899_001]] },
  );
});
