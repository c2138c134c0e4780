import { setTimeout as sleep } from "node:timers/promises";
import { retryAfterMs } from "../../../shared/outbound/retry-after.ts";

/** Statuses by which a provider says that it has done nothing, and when to come again: nothing was paid for. */
const COME_AGAIN = new Set([429, 503, 529]);
const MOST_WAITS = 2;
/** An answer wants so much time at least: a wait that leaves less is not begun. In milliseconds, like the rest. */
const LEAST_LEFT_MS = 5_000;

/**
 * Comes again when the provider says how long it wants to be left alone (`Retry-After`), twice at most, and only if the call
 * has the time. Without such a word nothing is repeated here: whoever asked has a policy of their own.
 * @param left how long the call may still take
 * @param on_wait is told of each wait
 */
export const waitingFetch =
  (
    fetch: typeof globalThis.fetch,
    left: () => number,
    now: () => number,
    on_wait: () => void,
  ): typeof globalThis.fetch =>
  async (input, init) => {
    for (let waits = 0; ; waits++) {
      const response = await fetch(input, init);
      if (waits === MOST_WAITS || !COME_AGAIN.has(response.status)) return response;
      const wait = retryAfterMs(Object.fromEntries(response.headers), now());
      if (wait === undefined || wait + LEAST_LEFT_MS > left()) return response;
      await response.body?.cancel();
      on_wait();
      await sleep(wait, undefined, init?.signal == null ? {} : { signal: init.signal });
    }
  };
