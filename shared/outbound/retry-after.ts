/** More than this is no wait but an outage: whoever tries again uses its own back-off. */
export const MAX_RETRY_AFTER_MS = 300_000;

/**
 * How long an answer asks to be left alone, in milliseconds, at most `MAX_RETRY_AFTER_MS`: `retry-after-ms` (of model
 * providers), else `Retry-After` in seconds or as a date (RFC 9110, 10.2.3). Undefined when it asks for nothing.
 */
export function retryAfterMs(headers: Readonly<Record<string, string>> | undefined, nowMs: number): number | undefined {
  const precise = Number(headers?.["retry-after-ms"]);
  const value = (headers?.["retry-after"] ?? "").trim();
  const wait = precise > 0 ? precise : waitOf(value, nowMs);
  return Number.isFinite(wait) && wait >= 0 ? Math.min(Math.ceil(wait), MAX_RETRY_AFTER_MS) : undefined;
}

const waitOf = (value: string, nowMs: number): number => {
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1_000;
  return /^[A-Za-z]{3,9},? /.test(value) ? Math.max(0, Date.parse(value) - nowMs) : Number.NaN;
};
