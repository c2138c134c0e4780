/** One line of results.json: what this product needs beside what something else needs for the same, in the same run. */
export interface Row {
  readonly id: string;
  readonly what: string;
  readonly ours: number;
  /** The other's number; null where the goal is a bound and not a comparison. */
  readonly other: number | null;
  /** Of `ours` and `other`. */
  readonly unit: string;
  /** `ours / other`, unless `what` says otherwise. */
  readonly ratio: number | null;
  /** In words, for example "≤ 1.4"; null for a row that only gives context. */
  readonly goal: string | null;
  readonly met: boolean | null;
  /** How far the measured rounds lie apart. */
  readonly spread: string;
}

/** A named group of measurements; `about` explains it without naming a machine. */
export interface Benchmark {
  readonly id: string;
  readonly title: string;
  readonly about: string;
  run(): Promise<Row[]>;
}

type Facts = Pick<Row, "id" | "what" | "unit"> & { readonly spread?: string };

const rounded = (value: number): number => Number(value.toPrecision(4));

/** `ours / other` may be at most this. */
export function atMost(limit: number, facts: Facts, ours: number, other: number): Row {
  const ratio = ours / other;
  return compared(facts, { ours, other, ratio, goal: `≤ ${limit}`, met: ratio <= limit });
}

/** `ours / other` must be at least this. */
export function atLeast(limit: number, facts: Facts, ours: number, other: number): Row {
  const ratio = ours / other;
  return compared(facts, { ours, other, ratio, goal: `≥ ${limit}`, met: ratio >= limit });
}

/** `ours` may not be more than `other`, and something else that cannot be told by a number must hold too. */
export const equal = (facts: Facts, ours: number, other: number, also: boolean): Row =>
  compared(facts, { ours, other, ratio: ours / other, goal: "≤ 1", met: ours <= other && also });

/** A bound on our own number. */
export const bounded = (limit: number, facts: Facts, ours: number): Row =>
  compared(facts, { ours, other: null, ratio: null, goal: `≤ ${limit} ${facts.unit}`, met: ours <= limit });

/** A comparison that has no goal and explains another row. */
export const context = (facts: Facts, ours: number, other: number | null): Row =>
  compared(facts, { ours, other, ratio: other === null ? null : ours / other, goal: null, met: null });

function compared(facts: Facts, result: Pick<Row, "ours" | "other" | "ratio" | "goal" | "met">): Row {
  return {
    id: facts.id,
    what: facts.what,
    ours: rounded(result.ours),
    other: result.other === null ? null : rounded(result.other),
    unit: facts.unit,
    ratio: result.ratio === null ? null : rounded(result.ratio),
    goal: result.goal,
    met: result.met,
    spread: facts.spread ?? "exact",
  };
}
