/** More than this is no wait but an outage: whoever tries again uses its own back-off. */
export const MAX_RETRY_AFTER_MS = 300_000;

/**
 * How long an answer asks to be left alone, in milliseconds, at most `MAX_RETRY_AFTER_MS`: `retry-after-ms` (of model
 * providers), else `Retry-After`. Undefined when it asks for nothing.
 */
export function retryAfterMs(headers: Readonly<Record<string, string>> | undefined, nowMs: number): number | undefined {
  const precise = Number(headers?.["retry-after-ms"]);
  if (precise > 0) return Math.min(Math.ceil(precise), MAX_RETRY_AFTER_MS);
  return waitAsked(headers?.["retry-after"], nowMs, MAX_RETRY_AFTER_MS);
}

/**
 * A `Retry-After` value (RFC 9110, 10.2.3) as milliseconds from `nowMs`: seconds, which some send with decimals, or one
 * of HTTP's three forms of a date; never negative, at most `mostMs`. Undefined for anything else.
 */
export function waitAsked(value: string | undefined, nowMs: number, mostMs: number): number | undefined {
  const text = value?.trim() ?? "";
  if (/^\d{1,10}(\.\d{1,9})?$/.test(text)) return Math.min(Math.ceil(Number(text) * 1_000), mostMs);
  // Only dates as HTTP writes them: Date.parse alone would take "1" and "2026" for dates.
  if (!/^[A-Za-z]{3,9},? .*\d{2}:\d{2}:\d{2}/.test(text)) return undefined;
  const at = Date.parse(text.endsWith(" GMT") ? text : `${text} GMT`);
  return Number.isNaN(at) ? undefined : Math.min(Math.max(at - nowMs, 0), mostMs);
}
