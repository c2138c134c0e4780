import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  admission,
  afterFailure,
  type Circuit,
  closed,
  FAILURES_TO_OPEN,
  type Failed,
  FIRST_PAUSE_SECONDS,
  givenBack,
  isOneMore,
  LONGEST_PAUSE_SECONDS,
  pauseSeconds,
  probing,
  reopened,
  WINDOW_SECONDS,
} from "../../../functions/models/circuits/rules/circuit.ts";
import { History } from "../../../functions/models/circuits/rules/history.ts";
import { toldBy } from "../../../functions/models/circuits/rules/outcome.ts";
import "../../support/random-cases.ts";

const START = Date.parse("2026-11-15T12:00:00.000Z");
const at = (ms: number) => new Date(START + ms);
/** A call that was begun so long before it failed. */
const failed = (ms: number, took_ms = 0) => ({ began: at(ms - took_ms), at: at(ms) });
const error = { code: "model_unavailable", model: "lab/m", at: "2026-11-15T12:00:00.000Z" };

/** The circuit after so many failures at once. */
const failing = (times: number, ms = 0): Circuit | undefined =>
  Array.from({ length: times }).reduce<Circuit | undefined>(
    (circuit) => afterFailure(circuit, error, failed(ms), 0),
    undefined,
  );
const open = () => failing(FAILURES_TO_OPEN) as Circuit;

describe("a circuit", () => {
  it("is opened by the failure that is one too many within a window, and by none that is spread out", () => {
    expect(failing(FAILURES_TO_OPEN - 1)?.state).toBe("closed");
    expect(open()).toMatchObject({ state: "open", failures: FAILURES_TO_OPEN, opened: 1 });
    let spread: Circuit | undefined;
    for (let i = 0; i < 4 * FAILURES_TO_OPEN; i++)
      spread = afterFailure(spread, error, failed((i * (WINDOW_SECONDS + 1) * 1_000) / (FAILURES_TO_OPEN - 1)), 0);
    expect(spread?.state).toBe("closed");
  });

  it("that is open lets nobody through before its pause is over, and says how long that is", () => {
    const pause = FIRST_PAUSE_SECONDS * 1_000;
    expect(admission(open(), at(1_000))).toEqual({ kind: "refused", wait_ms: pause - 1_000 });
    expect(admission(open(), at(pause - 1)).kind).toBe("refused");
    expect(admission(open(), at(pause)).kind).toBe("probe");
  });

  it("waits longer with each probe that fails, by chance a little longer still, and never longer than the longest", () => {
    expect([1, 2, 3, 4, 5, 6, 7].map((opened) => pauseSeconds(opened, 0))).toEqual([15, 30, 60, 120, 240, 300, 300]);
    expect(pauseSeconds(1, 1)).toBeGreaterThan(FIRST_PAUSE_SECONDS);
    expect(pauseSeconds(50, 1)).toBeLessThanOrEqual(LONGEST_PAUSE_SECONDS * 1.2);
  });

  it("counts calls that were under way when the first of them failed, and none that was begun before it was closed again", () => {
    let circuit: Circuit | undefined;
    for (let i = 0; i < FAILURES_TO_OPEN; i++) circuit = afterFailure(circuit, error, failed(i, 60_000), 0);
    expect(circuit?.state).toBe("open");
    const healed = closed(probing(open(), 1_000, at(20_000)), at(21_000));
    expect(afterFailure(healed, error, failed(60_000, 39_001), 0)).toBeUndefined();
    const anew = afterFailure(healed, error, failed(60_000, 39_000), 0) as Circuit;
    expect(anew).toMatchObject({ state: "closed", failures: 1 });
    expect([isOneMore(anew, failed(61_000, 40_001)), isOneMore(anew, failed(61_000, 40_000))]).toEqual([false, true]);
  });

  it("remembers since when it is not closed, through probes that fail", () => {
    const again = reopened(probing(open(), 1_000, at(20_000)), error, at(21_000), 0);
    expect(again).toMatchObject({ state: "open", since: at(0).toISOString(), opened: 2 });
    expect(closed(again, at(60_000))).toMatchObject({ state: "closed", failures: 0, opened: 0, retry_at: null });
  });

  it("is tried by the next one where a probe has said nothing, or has died", () => {
    const tried = probing(open(), 30_000, at(20_000));
    expect(admission(tried, at(59_000)).kind).toBe("refused");
    expect(admission(tried, at(61_000)).kind).toBe("probe");
    expect(admission(givenBack(tried, at(25_000)), at(25_000)).kind).toBe("probe");
    expect(admission(probing(open(), 3_600_000, at(20_000)), at(20_000 + 311_000)).kind).toBe("probe");
  });
});

/** One item that is written under a condition on what was read, as in the table. */
class Item {
  circuit: Circuit | undefined;
  #written = 0;
  read = () => ({ circuit: this.circuit, mark: this.#written });
  put(mark: number, next: Circuit): boolean {
    if (mark !== this.#written) return false;
    this.#written += 1;
    this.circuit = next;
    return true;
  }
  /** Adds without looking, and changes nothing that others look at. */
  count(call: Failed): boolean {
    if (this.circuit === undefined || !isOneMore(this.circuit, call)) return false;
    this.circuit = { ...this.circuit, failures: this.circuit.failures + 1 };
    return true;
  }
}

describe("many callers in any order", () => {
  it("never make two probes at a time, call nobody during a pause, blame what is over on nobody, and close it once the provider is well", () => {
    const step = fc.record({
      who: fc.nat({ max: 7 }),
      wait_ms: fc.constantFrom(0, 0, 0, 1, 500, 15_000, 40_000),
      fails: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 200 }), (steps) => {
        const item = new Item();
        let now = START;
        let healed_at = 0;
        type Call = {
          began: number;
          read: ReturnType<Item["read"]>;
          probe?: { mark: number; circuit: Circuit; until: number };
        };
        const calls = new Map<number, Call>();
        const live = () => [...calls.values()].filter(({ probe }) => probe !== undefined && now < probe.until).length;
        for (const { who, wait_ms, fails } of steps) {
          now += wait_ms;
          const call = calls.get(who);
          if (call === undefined) {
            calls.set(who, { began: now, read: item.read() });
            continue;
          }
          const { circuit, mark } = call.read;
          if (call.probe === undefined) {
            const may = admission(circuit, new Date(now));
            if (may.kind === "refused") {
              expect(may.wait_ms).toBeGreaterThan(0);
              calls.delete(who);
              continue;
            }
            if (may.kind === "probe" && circuit !== undefined) {
              const tried = probing(circuit, 10_000, new Date(now));
              if (!item.put(mark, tried)) {
                calls.delete(who);
                continue;
              }
              expect(now).toBeGreaterThanOrEqual(Date.parse(circuit.retry_at ?? ""));
              call.probe = { mark: mark + 1, circuit: tried, until: Date.parse(tried.retry_at ?? "") };
              expect(live()).toBe(1);
              continue;
            }
          }
          calls.delete(who);
          if (call.probe !== undefined) {
            const { probe } = call;
            const next = fails
              ? reopened(probe.circuit, error, new Date(now), 0.5)
              : closed(probe.circuit, new Date(now));
            if (item.put(probe.mark, next) && !fails) healed_at = now;
            continue;
          }
          if (!fails) continue;
          const failure = { began: new Date(call.began), at: new Date(now) };
          const seen = item.read();
          const next = afterFailure(seen.circuit, error, failure, 0.5);
          const counts = item.count(failure) || (next !== undefined && item.put(seen.mark, next));
          if (counts) expect(call.began).toBeGreaterThanOrEqual(healed_at);
        }
        // Whatever has happened: once it is well, one call after the longest pause closes it.
        now += 1_000_000;
        const seen = item.read();
        if (admission(seen.circuit, new Date(now)).kind === "probe" && seen.circuit !== undefined) {
          const tried = probing(seen.circuit, 1_000, new Date(now));
          expect(item.put(seen.mark, tried)).toBe(true);
          expect(item.put(seen.mark + 1, closed(tried, new Date(now)))).toBe(true);
        }
        expect(admission(item.circuit, new Date(now)).kind).toBe("usual");
      }),
    );
  });
});

describe("what a call tells of its provider", () => {
  it.each([
    ["model_unavailable", undefined, false, "fault"],
    // It has broken off.
    ["model_unavailable", undefined, true, "fault"],
    ["model_timeout", 60_000, false, "fault"],
    ["model_timeout", 25_000, false, "nothing"],
    ["model_timeout", 500, false, "nothing"],
    // It was busy answering.
    ["model_timeout", 100_000, true, "answers"],
    // The provider has said so itself.
    ["model_timeout", undefined, false, "fault"],
    ["model_rate_limited", undefined, false, "answers"],
    ["model_request_invalid", undefined, false, "answers"],
    ["model_answer_invalid", undefined, true, "answers"],
    ["provider_key_invalid", undefined, false, "answers"],
    ["cancelled", 80_000, false, "nothing"],
    ["budget_exceeded", undefined, false, "nothing"],
  ] as const)("%s, ended by us after %s ms, begun to answer %s: %s", (code, waited_ms, answered, told) => {
    expect(toldBy(code, answered, waited_ms)).toBe(told);
  });

  it("an answer is an answer, and who has left before one says nothing", () => {
    expect(toldBy(undefined, true, undefined)).toBe("answers");
    expect(toldBy(undefined, false, undefined)).toBe("nothing");
  });
});

describe("an instance", () => {
  it("tells no failure that stands between answers, and each where there is none", () => {
    const history = new History();
    expect(history.failed("a", at(0))).toBe(true);
    history.answered("a", at(1_000));
    expect(history.failed("a", at(2_000))).toBe(false);
    history.answered("a", at(3_000));
    expect([history.failed("a", at(4_000)), history.failed("a", at(5_000))]).toEqual([false, true]);
    history.answered("a", at(6_000));
    expect(history.failed("a", at(7_000 + WINDOW_SECONDS * 1_000))).toBe(true);
    expect(history.failed("b", at(5_000))).toBe(true);
  });

  it("knows whether the last that it has heard of a provider is that it failed", () => {
    const history = new History();
    expect(history.failing("a")).toBe(false);
    history.failed("a", at(0));
    expect([history.failing("a"), history.failing("b")]).toEqual([true, false]);
    history.answered("a", at(1_000));
    expect(history.failing("a")).toBe(false);
  });
});
