import { describe, expect, it, vi } from "vitest";
import { Problem } from "../../../shared/errors.ts";
import { HEARTBEAT_MS, held, rechecked } from "../../../shared/http/heartbeat.ts";
import type { ServerSentEvent } from "../../../shared/http/operation.ts";

const refusal = new Problem("membership_inactive", "You have no active membership in this organization.");
const EVERY_MS = 20;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
async function collect<T>(pieces: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const piece of pieces) all.push(piece);
  return all;
}
const event = (n: number): ServerSentEvent => ({ event: "entry", data: { n } });

/** A caller who is refused from the nth check on. */
const caller = (refusedFrom = Number.POSITIVE_INFINITY) => {
  let checks = 0;
  const recheck = vi.fn(async () => {
    if (++checks >= refusedFrom) throw refusal;
  });
  return { recheck };
};

describe("a stream that is held", () => {
  it("checks its reader every 15 seconds at most", () => {
    expect(HEARTBEAT_MS).toBeLessThanOrEqual(15_000);
  });

  it("passes everything on in order, and ends with its source", async () => {
    const call = caller();
    const source = async function* () {
      for (let n = 0; n < 100; n++) yield event(n);
    };
    expect(await collect(held(call, source))).toEqual(Array.from({ length: 100 }, (_, n) => event(n)));
    expect(call.recheck).not.toHaveBeenCalled();
  });

  it("sends a heartbeat in silence, and looks at the caller's rights at each", async () => {
    const call = caller();
    const source = async function* () {
      await pause(5 * EVERY_MS);
      yield event(1);
    };
    const events = await collect(held(call, source, EVERY_MS));
    const beats = events.filter((one) => one.event === "heartbeat").length;
    expect(beats).toBeGreaterThanOrEqual(1);
    expect(call.recheck.mock.calls.length).toBeGreaterThanOrEqual(beats);
    expect(events.at(-1)).toEqual(event(1));
  });

  it("of a caller whose rights have ended says so and ends, though its source is silent for ever", async () => {
    let stopped = false;
    const source = async function* (ended: AbortSignal) {
      try {
        await new Promise<void>((resolve) => ended.addEventListener("abort", () => resolve()));
        yield event(1);
      } finally {
        stopped = true;
      }
    };
    const events = await collect(held(caller(2), source, EVERY_MS));
    expect(events).toEqual([
      { event: "heartbeat", data: {} },
      { event: "error", data: { type: "error", code: refusal.code, message: refusal.detail } },
    ]);
    expect(stopped).toBe(true);
  });

  it("checks a reader who is never left in silence, too", async () => {
    const source = async function* () {
      for (let n = 0; ; n++) {
        await pause(1);
        yield event(n);
      }
    };
    const events = await collect(held(caller(3), source, EVERY_MS));
    expect(events.at(-1)).toMatchObject({ event: "error", data: { code: "membership_inactive" } });
    expect(events.filter((one) => one.event === "heartbeat")).toEqual([]);
  });

  it("that its reader leaves ends its source", async () => {
    let stopped = false;
    const source = async function* () {
      try {
        for (let n = 0; ; n++) yield event(n);
      } finally {
        stopped = true;
      }
    };
    for await (const _ of held(caller(), source)) break;
    expect(stopped).toBe(true);
  });

  it("whose source fails fails with it", async () => {
    const source = async function* () {
      yield event(1);
      throw new Error("the table is gone");
    };
    await expect(collect(held(caller(), source))).rejects.toThrow("the table is gone");
  });
});

describe("a download that takes long", () => {
  it("breaks off when the caller's rights end: it must not look whole", async () => {
    const source = async function* () {
      for (;;) {
        await pause(1);
        yield "line\n";
      }
    };
    await expect(collect(rechecked(caller(1), source, { every_ms: EVERY_MS }))).rejects.toBe(refusal);
  });
});
