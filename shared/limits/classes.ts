/**
 * Classes of operations: each operation is of one, and each class is counted for itself, so that none uses up another's
 * requests. The one table of what a caller may send of each.
 */
export const rateClassNames = ["sign_in", "read", "write", "execute", "stream", "export"] as const;
export type RateClassName = (typeof rateClassNames)[number];

interface RateClass {
  /** One caller has the so-manieth part of a person's requests a minute for it. */
  readonly part: number;
  /** Whether it binds who has a limit of their own, as an API key, beside that limit: where it costs more than reading does. */
  readonly beside: boolean;
  /** What becomes of a request while its counter does not answer: refused where guessing or money is at stake. */
  readonly uncounted: "admitted" | "refused";
}

export const rateClasses: Readonly<Record<RateClassName, RateClass>> = {
  sign_in: { part: 10, beside: true, uncounted: "refused" },
  read: { part: 1, beside: false, uncounted: "admitted" },
  write: { part: 2, beside: false, uncounted: "admitted" },
  execute: { part: 6, beside: true, uncounted: "refused" },
  stream: { part: 10, beside: true, uncounted: "refused" },
  export: { part: 20, beside: true, uncounted: "refused" },
};

/** One address has this part of its requests a minute for what is tried before anybody is known. */
export const SIGN_IN_PART = 3;

/** Requests a minute of a class, of a caller with so many in all. */
export const rateOf = (name: RateClassName, requests: number): number => Math.ceil(requests / rateClasses[name].part);
