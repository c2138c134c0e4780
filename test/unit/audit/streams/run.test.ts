import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Counts, type Ended, type Place, pieces, run } from "../../../../functions/audit/streams/rules/run.ts";
import type { Failure, Numbered, Sent } from "../../../../functions/audit/streams/rules/sent.ts";

const failure: Failure = { code: "timeout", message: "", status: null, answer: null, kind: "passes" };

const entry = (sequence: number, bytes = 2): Numbered => ({
  sequence,
  occurred_at: "2026-01-01T00:00:00.000Z",
  action: "agent.updated",
  text: "x".repeat(bytes),
});

const placeOf = (sequence: number, kind: Kind): Place =>
  kind === "there" ? { sequence, entry: entry(sequence) } : { sequence, gone: kind };

type Kind = "there" | "expired" | "missing";
const kinds = fc.constantFrom<Kind>("there", "there", "there", "expired", "missing");

/** What can come between a worker and its next step. */
type Mishap = "none" | "crash_before" | "crash_after" | "fails" | "takes_some" | "out_of_time";
const mishaps = fc.constantFrom<Mishap>(
  "none",
  "none",
  "none",
  "crash_before",
  "crash_after",
  "fails",
  "takes_some",
  "out_of_time",
);

class Crash extends Error {}

/** A stream with its destination, at which several workers are. Each step of a worker waits for its turn. */
class World {
  readonly log: readonly Place[];
  readonly received: number[] = [];
  readonly counts = { delivered: 0, expired: 0, missing: 0 };
  next = 0;
  holder = "";
  readonly #turn: (what: string) => Promise<unknown>;

  constructor(log: readonly Place[], turn: (what: string) => Promise<unknown>) {
    this.log = log;
    this.#turn = turn;
  }

  /** One run of a worker that has just taken the stream: as if whoever had it before had died. */
  async work(name: string, script: readonly Mishap[]): Promise<Ended | "crashed"> {
    await this.#turn(`${name} claims`);
    this.holder = name;
    const from = this.next;
    let step = 0;
    const mishap = (): Mishap => script[step++] ?? "none";
    try {
      return await run(
        from,
        this.log.length,
        { entries: 3, bytes: 5 },
        {
          read: async (start, end) => {
            await this.#turn(`${name} reads`);
            return this.log.slice(start, Math.min(end, start + 4));
          },
          send: (entries) => this.#send(name, entries, mishap()),
          move: async (start, end, counts) => {
            const what = mishap();
            await this.#turn(`${name} moves`);
            if (what === "crash_before") throw new Crash();
            const moved = this.#move(name, start, end, counts);
            if (what === "crash_after") throw new Crash();
            return moved;
          },
          more: () => mishap() !== "out_of_time",
        },
      );
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      return "crashed";
    }
  }

  async #send(name: string, entries: readonly Numbered[], what: Mishap): Promise<Sent> {
    await this.#turn(`${name} sends`);
    if (what === "crash_before") throw new Crash();
    if (what === "fails") return { taken: 0, failure };
    const taken = what === "takes_some" ? Math.floor(entries.length / 2) : entries.length;
    this.received.push(...entries.slice(0, taken).map(({ sequence }) => sequence));
    if (what === "crash_after") throw new Crash();
    return taken === entries.length ? { taken } : { taken, failure };
  }

  #move(name: string, start: number, end: number, counts: Counts): boolean {
    if (this.holder !== name || this.next !== start) return false;
    this.next = end;
    for (const key of ["delivered", "expired", "missing"] as const) this.counts[key] += counts[key];
    // The promise: nothing is passed that has not arrived.
    for (const { sequence, entry: sent } of this.log.slice(0, end))
      if (sent !== undefined) expect(this.received).toContain(sequence);
    return true;
  }
}

describe("a stream", () => {
  it("delivers each number at least once and in order, whatever breaks off and whoever works at it together", () =>
    fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(kinds, { maxLength: 25 }),
        fc.array(fc.array(mishaps, { maxLength: 20 }), { minLength: 1, maxLength: 5 }),
        async (scheduler, log, scripts) => {
          const world = new World(
            log.map((kind, i) => placeOf(i, kind)),
            (what) => scheduler.schedule(Promise.resolve(), what),
          );
          const workers = Promise.all(scripts.map((script, i) => world.work(`worker ${i}`, script)));
          await scheduler.waitFor(workers);
          expect(await scheduler.waitFor(world.work("the last", []))).toEqual({ kind: "caught_up", next: log.length });
          const there = [...log.keys()].filter((i) => log[i] === "there");
          expect([...new Set(world.received)]).toEqual(there);
          expect(world.next).toBe(log.length);
          expect(world.counts).toEqual({
            delivered: there.length,
            expired: log.filter((kind) => kind === "expired").length,
            missing: log.filter((kind) => kind === "missing").length,
          });
        },
      ),
      { numRuns: 400 },
    ));

  it("stands at the first number that was not taken, and says why", async () => {
    const world = new World(
      [0, 1, 2].map((i) => placeOf(i, "there")),
      async () => undefined,
    );
    // Asked whether there is time, then sending.
    expect(await world.work("one", ["none", "takes_some"])).toEqual({ kind: "failed", next: 1, failure });
    expect([world.next, world.received]).toEqual([1, [0]]);
  });

  it("passes numbers without an entry, also where the next one fails", async () => {
    const world = new World([placeOf(0, "expired"), placeOf(1, "missing"), placeOf(2, "there")], async () => undefined);
    expect(await world.work("one", ["none", "fails"])).toEqual({ kind: "failed", next: 2, failure });
    expect(world.counts).toEqual({ delivered: 0, expired: 1, missing: 1 });
  });

  it("that another worker has taken meanwhile is left to it", async () => {
    const world = new World([placeOf(0, "there")], async () => undefined);
    const first = world.work("one", []);
    world.holder = "";
    const second = world.work("two", []);
    expect(await Promise.all([first, second])).toEqual([
      { kind: "lost", next: 0 },
      { kind: "caught_up", next: 1 },
    ]);
    expect(world.received).toEqual([0, 0]);
  });
});

describe("the pieces of a log", () => {
  it("are all of it in order, each within what one call takes, or one entry alone", () =>
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.integer({ min: 1, max: 50 }), { nil: undefined })),
        fc.integer({ min: 1, max: 10 }),
        fc.integer({ min: 1, max: 100 }),
        (sizes, entries, bytes) => {
          const log = sizes.map(
            (size, sequence): Place =>
              size === undefined ? { sequence, gone: "expired" } : { sequence, entry: entry(sequence, size) },
          );
          const cut = pieces(log, { entries, bytes });
          expect(cut.flat()).toEqual(log);
          for (const piece of cut) {
            const texts = piece.flatMap(({ entry: one }) => one?.text ?? []);
            expect(texts.length).toBeLessThanOrEqual(entries);
            if (texts.length > 1) expect(texts.join("").length).toBeLessThanOrEqual(bytes);
          }
        },
      ),
    ));
});
