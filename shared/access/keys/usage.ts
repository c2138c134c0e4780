import { addSeconds, timestamp } from "../../clock.ts";
import type { Table } from "../../dynamo/table.ts";
import { type ApiKey, apiKeyUsageItem } from "./items.ts";

/**
 * Counts what API keys are used for, by day, operation and outcome. A process holds counts and writes them together, so they
 * are what was at least: a process that is ended takes along what it holds. That is never more than it has written of the key since it began,
 * and never as much as {@link MOST_HELD}; a busy key costs one write in so many requests (docs/adr/0093).
 */

/** So many requests of a key are written together at most. */
export const MOST_HELD = 25;
/** What is held longer is written with the next request. */
export const HELD_SECONDS = 300;
/** Keys of which one process holds counts; the one that came longest ago is written when there are more. */
const MOST_KEYS = 1_000;
/** Days for which a day's counts are kept: so long that a year can be compared with the one before. */
export const USAGE_KEPT_DAYS = 400;

export const outcomes = ["succeeded", "refused", "failed"] as const;
export type Outcome = (typeof outcomes)[number];

export const outcomeOf = (status: number): Outcome =>
  status >= 500 ? "failed" : status >= 400 ? "refused" : "succeeded";

/** Under which name an item counts requests to an operation that came out so. */
export const counterOf = (operation: string, outcome: Outcome): string => `${operation}#${outcome}`;

interface Held {
  readonly key: Pick<ApiKey, "id" | "organization_id">;
  /** UTC, of all that is held. */
  day: string;
  counts: Record<string, number>;
  /** How many requests that is. */
  number: number;
  /** How many were written since the process began; as long as that is little, so is what is held. */
  written: number;
  since: number;
}

export class KeyUsage {
  readonly #table: Table;
  readonly #lost: (error: unknown) => void;
  readonly #held = new Map<string, Held>();

  /** @param lost told of what could not be written, and is counted no more */
  constructor(table: Table, lost: (error: unknown) => void) {
    this.#table = table;
    this.#lost = lost;
  }

  /** Counts one request. Never fails. */
  async count(key: Held["key"], operation: string, outcome: Outcome, at: Date): Promise<void> {
    const day = timestamp(at).slice(0, 10);
    const held = this.#held.get(key.id) ?? { key, day, counts: {}, number: 0, written: 0, since: at.getTime() };
    this.#held.delete(key.id);
    this.#held.set(key.id, held);
    const writes: Promise<void>[] = [];
    if (held.day !== day) {
      writes.push(this.#write(held, at));
      held.day = day;
    }
    const counter = counterOf(operation, outcome);
    held.counts[counter] = (held.counts[counter] ?? 0) + 1;
    held.number += 1;
    if (held.number >= Math.min(MOST_HELD, held.written + 1) || at.getTime() - held.since >= HELD_SECONDS * 1_000)
      writes.push(this.#write(held, at));
    const [oldest] = this.#held.values();
    if (this.#held.size > MOST_KEYS && oldest !== undefined) {
      this.#held.delete(oldest.key.id);
      writes.push(this.#write(oldest, at));
    }
    await Promise.all(writes);
  }

  /**
   * Writes what is held. It is held no more from then on, whatever becomes of the write: of one whose answer was lost nobody knows
   * whether it was made, and nothing is counted twice.
   */
  async #write(held: Held, at: Date): Promise<void> {
    const { key, day, counts, number } = held;
    Object.assign(held, { counts: {}, number: 0, written: held.written + number, since: at.getTime() });
    if (number === 0) return;
    const tenant = this.#table.of(key.organization_id);
    const expires_at = timestamp(addSeconds(new Date(day), USAGE_KEPT_DAYS * 86_400));
    const id = { api_key_id: key.id, day };
    try {
      await tenant.apply(
        apiKeyUsageItem,
        tenant.writes.update(apiKeyUsageItem, id, { set: { ...id, expires_at }, add: counts }, {}),
      );
    } catch (error) {
      this.#lost(error);
    }
  }
}
