/** The runs that a step has had run: which go on, and how those that have ended came out. */
export interface Calls {
  /** Index of the one that is started next. */
  readonly next: number;
  /** Indexes of those that go on. */
  readonly open: readonly number[];
  readonly succeeded: number;
  readonly failed: number;
}

export const noCalls: Calls = { next: 0, open: [], succeeded: 0, failed: 0 };

/** How many a step has run, side by side, and how many of them have to succeed. */
export interface CallsWanted {
  readonly total: number;
  readonly concurrency: number;
  readonly needed: number;
}

/** Most that are started by one transaction, each of which writes up to eight items. */
export const STARTS_AT_A_TIME = 10;

/** After some that went on have ended, by index: whether they succeeded. */
export function ended(calls: Calls, outcomes: ReadonlyMap<number, boolean>): Calls {
  const gone = calls.open.filter((index) => outcomes.has(index));
  const succeeded = gone.filter((index) => outcomes.get(index)).length;
  return {
    next: calls.next,
    open: calls.open.filter((index) => !outcomes.has(index)),
    succeeded: calls.succeeded + succeeded,
    failed: calls.failed + gone.length - succeeded,
  };
}

/** What is to be done now. `more`: others may be started at once after these. */
export interface NextCalls {
  /** Nothing is started any more. */
  readonly over: "done" | "failed" | undefined;
  readonly start: readonly number[];
  readonly calls: Calls;
  readonly more: boolean;
}

/** It has failed as soon as too many have for the rest to make up; it is done when all have ended. */
export function nextCalls(calls: Calls, { total, concurrency, needed }: CallsWanted): NextCalls {
  const nothing = { start: [], calls, more: false };
  if (calls.failed > total - needed) return { over: "failed", ...nothing };
  if (calls.next >= total && calls.open.length === 0) return { over: "done", ...nothing };
  const room = Math.max(0, Math.min(total - calls.next, concurrency - calls.open.length));
  const start = Array.from({ length: Math.min(room, STARTS_AT_A_TIME) }, (_, i) => calls.next + i);
  return {
    over: undefined,
    start,
    calls: { ...calls, next: calls.next + start.length, open: [...calls.open, ...start] },
    more: room > start.length,
  };
}
