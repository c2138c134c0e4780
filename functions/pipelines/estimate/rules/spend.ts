/** What something comes to at most; null where nothing bounds it. */
export interface Spend {
  readonly model_calls: number | null;
  readonly tokens_in: number | null;
  readonly tokens_out: number | null;
  readonly cost_usd_micros: number | null;
}

/** What is paid for, and why where it has no bound. */
export interface Bounded extends Spend {
  readonly unbounded: readonly string[];
}

export const nothing: Bounded = { model_calls: 0, tokens_in: 0, tokens_out: 0, cost_usd_micros: 0, unbounded: [] };

/** Something that nothing bounds. */
export const unbounded = (reason: string): Bounded => ({
  model_calls: null,
  tokens_in: null,
  tokens_out: null,
  cost_usd_micros: null,
  unbounded: [reason],
});

const members = ["model_calls", "tokens_in", "tokens_out", "cost_usd_micros"] as const;
const TOO_LARGE = "It is more than can be counted to the unit.";

/** A number that is not exact any more is no bound. */
function exact(spend: Record<keyof Spend, number | null>, reasons: readonly string[]): Bounded {
  const lost = members.filter((name) => spend[name] !== null && !Number.isSafeInteger(spend[name]));
  for (const name of lost) spend[name] = null;
  return { ...spend, unbounded: [...new Set([...reasons, ...(lost.length > 0 ? [TOO_LARGE] : [])])] };
}

const each = (of: (name: keyof Spend) => number | null): Record<keyof Spend, number | null> => ({
  model_calls: of("model_calls"),
  tokens_in: of("tokens_in"),
  tokens_out: of("tokens_out"),
  cost_usd_micros: of("cost_usd_micros"),
});

/** All of them together; one without a bound leaves none. */
export const sum = (parts: readonly Bounded[]): Bounded =>
  exact(
    each((name) => parts.reduce<number | null>((total, part) => add(total, part[name]), 0)),
    parts.flatMap((part) => part.unbounded),
  );

/** The most that any one of them comes to; one without a bound leaves none. */
export const dearest = (parts: readonly Bounded[]): Bounded =>
  exact(
    each((name) => parts.reduce<number | null>((most, part) => larger(most, part[name]), 0)),
    parts.flatMap((part) => part.unbounded),
  );

const larger = (a: number | null, b: number | null): number | null =>
  a === null || b === null ? null : Math.max(a, b);

const add = (a: number | null, b: number | null): number | null => (a === null || b === null ? null : a + b);

/** The same so many times. */
export const times = (part: Bounded, count: number): Bounded =>
  exact(
    each((name) => (part[name] === null ? null : part[name] * count)),
    part.unbounded,
  );
