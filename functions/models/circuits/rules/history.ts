import { WINDOW_SECONDS } from "./circuit.ts";

/** Keys that are remembered; more are organizations that come seldom, of which nothing need be known. */
const MOST_KEYS = 2_000;

interface Lately {
  answered_at: number;
  failures: number;
}

/**
 * What an instance has lately met at each provider. A failure between answers is an accident and is told to nobody; two in a row,
 * or one where there was no answer for a whole window, are told. So what fails once in a while opens no circuit however busy
 * it is, and costs no writes.
 */
export class History {
  readonly #lately = new Map<string, Lately>();

  answered(key: string, at: Date): void {
    this.#set(key, { answered_at: at.getTime(), failures: 0 });
  }

  /** Whether the last that was heard of a provider is that it failed. */
  failing(key: string): boolean {
    return (this.#lately.get(key)?.failures ?? 0) > 0;
  }

  /** @returns whether the failure is to be told */
  failed(key: string, at: Date): boolean {
    const known = this.#lately.get(key);
    const failures = (known?.failures ?? 0) + 1;
    const recently = known !== undefined && at.getTime() - known.answered_at <= WINDOW_SECONDS * 1_000;
    this.#set(key, { answered_at: known?.answered_at ?? 0, failures });
    return failures > 1 || !recently;
  }

  #set(key: string, lately: Lately): void {
    if (this.#lately.size >= MOST_KEYS && !this.#lately.has(key)) this.#lately.clear();
    this.#lately.set(key, lately);
  }
}
