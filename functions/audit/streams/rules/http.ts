import type { OutboundResult } from "../../../../shared/outbound/index.ts";
import { waitAsked } from "../../../../shared/outbound/retry-after.ts";
import { cutText } from "../../../../shared/text.ts";
import { LONGEST_ASKED_MS } from "./retry.ts";
import type { Failure } from "./sent.ts";

/** Longest part of an answer that is kept. */
const KEPT_CHARACTERS = 300;

/** Statuses after which the same request may be taken later, beside all of 5xx. */
const PASSING: readonly number[] = [408, 425, 429];

export const TOO_LARGE = 413;

/** The beginning of an answer as text; never half a character. */
export const answerOf = (body: Buffer): string =>
  cutText(body.subarray(0, KEPT_CHARACTERS * 4).toString("utf8"), KEPT_CHARACTERS);

/** Why a collector did not take a request; undefined where it did. By its status alone, or because there was no answer. */
export function httpFailure(result: OutboundResult, now_ms: number): Failure | undefined {
  if (!result.ok) {
    const { code, message, retryable } = result.error;
    return { code, message, status: null, answer: null, kind: retryable ? "passes" : "refused" };
  }
  const { status, headers, body } = result;
  if (status >= 200 && status < 300) return undefined;
  const passes = status >= 500 || PASSING.includes(status);
  return {
    code: `http_status_${status}`,
    message: sentence(status),
    status,
    answer: answerOf(body),
    kind: passes ? "passes" : status === 410 ? "gone" : "refused",
    ...(passes ? { after_ms: waitAsked(headers["retry-after"], now_ms, LONGEST_ASKED_MS) } : {}),
  };
}

function sentence(status: number): string {
  if (status >= 300 && status < 400)
    return `The collector answered with a redirect (${status}), which is not followed.`;
  if (status === 401 || status === 403)
    return `The collector answered with status ${status}: it does not accept what it is to know us by.`;
  if (status === TOO_LARGE) return "A single entry is too large for the collector (413).";
  return `The collector answered with status ${status}.`;
}
