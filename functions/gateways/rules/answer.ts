import { isObject } from "../../../shared/expressions/json.ts";
import type { OutboundErrorCode, OutboundResult } from "../../../shared/outbound/index.ts";
import type { Result } from "./health.ts";

/** An answer that took longer is one of a gateway that is degraded. */
export const SLOW_MS = 2_000;

/** What makes a result another than healthy, beside the codes of the outbound client. Nothing of it is the gateway's own text. */
export const reasons = {
  redirected: "It answered with a redirect, which is not followed.",
  key_refused: "It does not accept the key (401 or 403). Rotate the key if it has another one now.",
  http_status: "It answered with another status than 200.",
  says_unhealthy: "It answered 200, and its answer says that it is not well.",
  says_degraded: "Its answer says that it is degraded.",
  invalid_body: "It answered 200 with what it calls JSON, and is none.",
  slow: `It took longer than ${SLOW_MS / 1_000} seconds.`,
  key_unreadable: "The key could not be opened. Give the gateway its key again.",
} as const;
export type Reason = keyof typeof reasons | OutboundErrorCode;

/** What one answer says. */
export interface Judged {
  readonly result: Result;
  /** Null where there was no answer. */
  readonly status: number | null;
  readonly error: { readonly code: Reason; readonly message: string } | null;
}

const because = (result: Result, code: keyof typeof reasons, status: number | null): Judged => ({
  result,
  status,
  error: { code, message: reasons[code] },
});

/** Of a gateway whose key can never be opened again; it is not asked. */
export const unreadable: Judged = because("unhealthy", "key_unreadable", null);

/** What an answer says of a gateway's health: 200 alone is well, and only where the body does not say otherwise. */
export function judge(answer: OutboundResult, took_ms: number): Judged {
  if (!answer.ok) {
    const { code, message } = answer.error;
    return { result: "unhealthy", status: null, error: { code, message } };
  }
  const { status } = answer;
  if (status >= 300 && status < 400) return because("unhealthy", "redirected", status);
  if (status === 401 || status === 403) return because("unhealthy", "key_refused", status);
  if (status !== 200) {
    const message = `It answered with status ${status} instead of 200.`;
    return { result: "unhealthy", status, error: { code: "http_status", message } };
  }
  const said = saidBy(answer);
  if (said === "says_unhealthy") return because("unhealthy", said, status);
  if (said !== undefined) return because("degraded", said, status);
  return took_ms > SLOW_MS ? because("degraded", "slow", status) : { result: "healthy", status, error: null };
}

/** Words by which servers say in `status` how they are: those of health+json, of Spring and of others. The rest says nothing. */
const ILL: readonly string[] = [
  "unhealthy",
  "error",
  "down",
  "fail",
  "failed",
  "failing",
  "critical",
  "out_of_service",
];
const WORSE: readonly string[] = ["degraded", "warn", "warning"];

type Said = "says_unhealthy" | "says_degraded" | "invalid_body";

/** What a body says against 200. One that is no JSON, says nothing of it, or is longer than is read, says nothing. */
function saidBy({ body, headers, truncated }: Extract<OutboundResult, { ok: true }>): Said | undefined {
  if (truncated || body.byteLength === 0) return undefined;
  let said: unknown;
  try {
    said = JSON.parse(body.toString("utf8"));
  } catch {
    return /^application\/(?:[\w.+-]+\+)?json\b/i.test(headers["content-type"] ?? "") ? "invalid_body" : undefined;
  }
  if (!isObject(said)) return undefined;
  const { status, error, ok, healthy } = said;
  const word = typeof status === "string" ? status.trim().toLowerCase() : "";
  const failed = error !== undefined && error !== null && error !== false && error !== "";
  if (ILL.includes(word) || failed || ok === false || healthy === false) return "says_unhealthy";
  return WORSE.includes(word) ? "says_degraded" : undefined;
}
