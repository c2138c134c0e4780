import type { OutboundResult } from "../../../shared/outbound/index.ts";
import { waitAsked } from "../../../shared/outbound/retry-after.ts";
import { cutText } from "../../../shared/text.ts";

const second = 1_000;
const hour = 3_600 * second;

/** So long after its end a collector is told of a run at most. */
export const TOLD_FOR_MS = 24 * hour;
const SHORTEST_WAIT_MS = 30 * second;
const LONGEST_WAIT_MS = hour;
/** Longest wait that a collector's Retry-After may ask for. */
const LONGEST_ASKED_MS = 12 * hour;

/** Sending is switched off after so many refused runs in a row, or once it has failed for so long. */
const SWITCHED_OFF = { consecutive_failures: 20, failing_for_ms: 72 * hour } as const;

/** Statuses after which the same request may be taken, as the protocol lists them; it says that no other is sent again. */
const PASSING: readonly number[] = [429, 502, 503, 504];

const MOST_TOLD_CHARACTERS = 300;

/** What came of one request to a collector. */
export type Sent =
  | { readonly kind: "taken"; readonly rejected: number; readonly message: string | null; readonly status: number }
  | {
      readonly kind: "later" | "refused";
      readonly code: string;
      readonly message: string;
      readonly status: number | null;
      readonly after_ms?: number | undefined;
    };

export type Untaken = Exclude<Sent, { kind: "taken" }>;

/** What an answer means, by the protocol. */
export function sentOf(result: OutboundResult, now_ms: number): Sent {
  if (!result.ok) {
    const { code, message, retryable } = result.error;
    return { kind: retryable ? "later" : "refused", code, message, status: null };
  }
  const { status, headers, body } = result;
  if (status >= 200 && status < 300) return { kind: "taken", status, ...partOf(body) };
  const told = { code: `http_status_${status}`, message: `The collector answered with status ${status}.`, status };
  if (!PASSING.includes(status)) return { kind: "refused", ...told };
  return { kind: "later", ...told, after_ms: waitAsked(headers["retry-after"], now_ms, LONGEST_ASKED_MS) };
}

/** What a collector did not take of what it took, where it says so. Whatever else it answers says nothing. */
function partOf(body: Buffer): { readonly rejected: number; readonly message: string | null } {
  const nothing = { rejected: 0, message: null };
  try {
    const { partialSuccess } = JSON.parse(body.toString("utf8")) as { partialSuccess?: Record<string, unknown> };
    const rejected = Number(partialSuccess?.rejectedSpans ?? 0);
    const message = partialSuccess?.errorMessage;
    return {
      rejected: Number.isSafeInteger(rejected) && rejected > 0 ? rejected : 0,
      message: typeof message === "string" && message !== "" ? cutText(message, MOST_TOLD_CHARACTERS) : null,
    };
  } catch {
    return nothing;
  }
}

/**
 * When a collector is tried again: after as long as it has been tried already, so each wait is about twice the one before, with
 * some chance, and not before the collector wants it.
 * @param random in [0, 1)
 */
export function nextTry(
  since_ms: number,
  {
    now_ms,
    random,
    after_ms = 0,
  }: { readonly now_ms: number; readonly random: number; readonly after_ms?: number | undefined },
): Date {
  const tried_for = now_ms - since_ms;
  const wait = Math.min(Math.max(tried_for, SHORTEST_WAIT_MS), LONGEST_WAIT_MS) * (0.8 + 0.4 * random);
  return new Date(now_ms + Math.max(Math.round(wait), after_ms));
}

/** Whether something that has ended is told of so late. */
export const inTime = (ended_at: Date, at: Date): boolean => at.getTime() - ended_at.getTime() <= TOLD_FOR_MS;

/** Why sending is switched off after so many failures; undefined where it goes on. */
export function switchedOff(
  {
    consecutive_failures,
    failing_since,
  }: { readonly consecutive_failures: number; readonly failing_since?: string | undefined },
  now_ms: number,
): "consecutive_failures" | "failing_too_long" | undefined {
  if (consecutive_failures >= SWITCHED_OFF.consecutive_failures) return "consecutive_failures";
  if (failing_since !== undefined && now_ms - Date.parse(failing_since) >= SWITCHED_OFF.failing_for_ms)
    return "failing_too_long";
  return undefined;
}
