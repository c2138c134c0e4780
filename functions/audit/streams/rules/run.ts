import type { Bounds, Failure, Numbered, Sent } from "./sent.ts";

/** A number of the log: with its entry, or without one that can be sent. */
export interface Place {
  readonly sequence: number;
  readonly entry?: Numbered | undefined;
  /** Its time was over before it was sent, or it is not there though it should be. */
  readonly gone?: "expired" | "missing" | undefined;
}

/** What is counted of numbers that are passed. */
export interface Counts {
  readonly delivered: number;
  readonly expired: number;
  readonly missing: number;
}

/** What a run reads, and what it does. */
export interface Port {
  /** Some numbers of the log, from this one on and below the other; at least one. */
  read(from: number, to: number): Promise<readonly Place[]>;
  send(entries: readonly Numbered[]): Promise<Sent>;
  /** Moves the stream on, if it still stands at `from` and is this run's. @returns whether it does */
  move(from: number, to: number, counts: Counts): Promise<boolean>;
  /** Whether there is time for another call. */
  more(): boolean;
}

/** How a run ended, and where the stream stands then. */
export type Ended =
  | { readonly kind: "caught_up" | "out_of_time" | "lost"; readonly next: number }
  | { readonly kind: "failed"; readonly next: number; readonly failure: Failure };

/**
 * Sends the log from one number to before another, in order. The stream moves on only behind what was taken: whatever breaks
 * off in between is sent again from there, so each number is sent at least once, and none is passed that was not.
 */
export async function run(from: number, to: number, bounds: Bounds, port: Port): Promise<Ended> {
  let next = from;
  while (next < to) {
    if (!port.more()) return { kind: "out_of_time", next };
    const places = await port.read(next, to);
    if (places[0]?.sequence !== next) throw new Error(`the log gives nothing for ${next}`);
    for (const piece of pieces(places, bounds)) {
      if (next > from && !port.more()) return { kind: "out_of_time", next };
      const entries = piece.flatMap(({ entry }) => entry ?? []);
      const { taken, failure } = entries.length === 0 ? { taken: 0, failure: undefined } : await port.send(entries);
      const open = failure === undefined ? undefined : entries[taken]?.sequence;
      const passed = piece.filter(({ sequence }) => open === undefined || sequence < open);
      const end = open ?? (passed.at(-1)?.sequence ?? next) + 1;
      if (end > next && !(await port.move(next, end, countsOf(passed)))) return { kind: "lost", next };
      next = end;
      if (failure !== undefined) return { kind: "failed", next, failure };
    }
  }
  return { kind: "caught_up", next };
}

/** Numbers in the pieces that one call takes, in order; a number without an entry goes with those before it. */
export function pieces(places: readonly Place[], { entries, bytes }: Bounds): Place[][] {
  const all: Place[][] = [];
  let [count, size] = [0, 0];
  for (const place of places) {
    const own = place.entry === undefined ? 0 : Buffer.byteLength(place.entry.text);
    const one = place.entry === undefined ? 0 : 1;
    const last = all.at(-1);
    if (last === undefined || count + one > entries || (one === 1 && count > 0 && size + own > bytes)) {
      all.push([place]);
      [count, size] = [one, own];
    } else {
      last.push(place);
      [count, size] = [count + one, size + own];
    }
  }
  return all;
}

const countsOf = (places: readonly Place[]): Counts => ({
  delivered: places.filter(({ entry }) => entry !== undefined).length,
  expired: places.filter(({ gone }) => gone === "expired").length,
  missing: places.filter(({ gone }) => gone === "missing").length,
});
