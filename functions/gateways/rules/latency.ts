import { type Result, results } from "./health.ts";

/** What of a check a summary looks at. */
export interface Measured {
  readonly at: string;
  readonly result: Result;
  /** Null where there was no answer. */
  readonly response_time_ms: number | null;
}

export interface Summary {
  readonly checks: number;
  readonly first_at: string | null;
  readonly last_at: string | null;
  readonly results: Readonly<Record<Result, number>>;
  readonly availability: number | null;
  readonly response_time_ms: { readonly p50: number; readonly p95: number; readonly p99: number } | null;
}

/** What checks say together. @param checks oldest first */
export function summaryOf(checks: readonly Measured[]): Summary {
  const count = (one: Result) => checks.filter(({ result }) => result === one).length;
  const times = checks.flatMap(({ response_time_ms }) => response_time_ms ?? []).sort((a, b) => a - b);
  const counts = Object.fromEntries(results.map((one) => [one, count(one)])) as Record<Result, number>;
  return {
    checks: checks.length,
    first_at: checks[0]?.at ?? null,
    last_at: checks.at(-1)?.at ?? null,
    results: counts,
    availability: checks.length === 0 ? null : (checks.length - counts.unhealthy) / checks.length,
    response_time_ms:
      times.length === 0
        ? null
        : { p50: percentile(times, 0.5), p95: percentile(times, 0.95), p99: percentile(times, 0.99) },
  };
}

/** The least of the values that so large a share of them does not exceed (nearest rank). @param sorted some, ascending */
export const percentile = (sorted: readonly number[], share: number): number =>
  sorted[Math.max(Math.ceil(sorted.length * share), 1) - 1] ?? 0;
