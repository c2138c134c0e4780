import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AnswerLost, unavailable } from "../../../shared/dynamo/retry.ts";
import type { TenantTable } from "../../../shared/dynamo/table.ts";
import { Problem } from "../../../shared/errors.ts";
import { counterOf, reserve } from "../../../shared/limits/reserve.ts";
import { Slices, Uncounted } from "../../../shared/limits/slices.ts";
import { SLOT_MS, slotOf } from "../../../shared/limits/window.ts";
import { counterTable, storedCounter } from "../../support/counter-table.ts";
import { seeded } from "../../support/plan-simulate.ts";
import "../../support/random-cases.ts";

const BEGIN = Date.parse("2026-01-15T10:20:30.000Z");
const limitOf = (limit: number) => ({ name: "user", subject: "user:1", limit });

interface Happening {
  readonly which: number;
  readonly after_ms: number;
  readonly times: number;
  readonly dies: boolean;
}

/** What happens: a request at one of the processes after a while, or a process that is ended, another in its place. */
const happening: fc.Arbitrary<Happening> = fc.record({
  which: fc.nat(4),
  after_ms: fc.oneof({ weight: 20, arbitrary: fc.nat(400) }, { weight: 1, arbitrary: fc.nat(45_000) }),
  times: fc.oneof({ weight: 10, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.nat(60) }),
  dies: fc.oneof({ weight: 60, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

interface Seen {
  readonly admitted: readonly number[];
  readonly asked: number;
  readonly most_slots: number;
}

/** Lets it happen to processes whose clocks are apart by up to five seconds. */
async function live(
  limit: number,
  skews: readonly number[],
  all: readonly Happening[],
  isLost?: () => boolean,
): Promise<Seen> {
  const { table, asked, items } = counterTable(isLost);
  const processes = skews.map((skew) => ({ skew, slices: new Slices() }));
  const admitted: number[] = [];
  let ms = 0;
  let most_slots = 0;
  for (const { which, after_ms, times, dies } of all) {
    ms += after_ms;
    const process = processes[which % processes.length];
    if (process === undefined) throw new Error("there is no process");
    if (dies) process.slices = new Slices();
    const at = new Date(BEGIN + ms + process.skew);
    const one = () =>
      process.slices.admit(table, limitOf(limit), at).then(
        () => admitted.push(ms),
        (error: unknown) =>
          (error instanceof Problem && error.code === "rate_limited") || error instanceof Uncounted
            ? 0
            : Promise.reject(error),
      );
    await Promise.all(Array.from({ length: times }, one));
    for (const item of items.values())
      most_slots = Math.max(most_slots, Object.keys(item).filter((name) => /^s[0-9a-z]{6}$/.test(name)).length);
  }
  return { admitted, asked: asked.length, most_slots };
}

/** The most that were admitted in any 60 seconds. */
function mostIn60(admitted: readonly number[]): number {
  let from = 0;
  let most = 0;
  for (const [i, time] of admitted.entries()) {
    while ((admitted[from] ?? 0) <= time - 60_000) from++;
    most = Math.max(most, i - from + 1);
  }
  return most;
}

const skews = fc.array(fc.integer({ min: -2_500, max: 2_500 }), { minLength: 1, maxLength: 5 });

describe("requests that many processes count", () => {
  it("are never more than the limit in any 60 seconds, whatever comes, dies, and however clocks are apart", async () => {
    const limits = fc.constantFrom(3, 40, 120, 400, 1_000);
    const many = fc.array(happening, { minLength: 200, maxLength: 700, size: "max" });
    await fc.assert(
      fc.asyncProperty(limits, skews, many, async (limit, apart, all) => {
        const { admitted, most_slots } = await live(limit, apart, all);
        expect(mostIn60(admitted)).toBeLessThanOrEqual(limit);
        // Some 11 bytes each, of an item with 200 without them: below a kilobyte, one unit a write.
        expect(most_slots).toBeLessThanOrEqual(60);
      }),
      { numRuns: 60 },
    );
  });

  it("are never more than the limit though three in ten answers to reservations are lost", async () => {
    const limits = fc.constantFrom(40, 400, 1_000);
    const many = fc.array(happening, { minLength: 200, maxLength: 700, size: "max" });
    await fc.assert(
      fc.asyncProperty(limits, skews, many, fc.integer(), async (limit, apart, all, seed) => {
        const random = seeded(seed);
        const { admitted } = await live(limit, apart, all, () => random() < 0.3);
        expect(mostIn60(admitted)).toBeLessThanOrEqual(limit);
      }),
      { numRuns: 40 },
    );
  });

  it("whose reservation is settled are settled once, though the answer is lost", async () => {
    let lost = false;
    const { table, items } = counterTable(() => {
      const once = lost;
      lost = false;
      return once;
    });
    const at = new Date(BEGIN);
    const last = slotOf(at) - 1;
    await reserve(table, { subject: "s", limit: 600, count: 30, until: last }, undefined, at);
    lost = true;
    const settle = { last, reserved: 30, used: new Map([[last, 1]]) };
    const again = { subject: "s", limit: 600, count: 10, until: slotOf(at), settle };
    await expect(reserve(table, again, undefined, at)).rejects.toBeInstanceOf(AnswerLost);
    expect([...items.values()].map(({ total }) => total)).toEqual([11]);
  });

  it("are all admitted though a thousand processes begin with one each, and die with what they held", async () => {
    const all = Array.from({ length: 1_000 }, (_, i) => ({ which: i, after_ms: 1, times: 1, dies: true }));
    const { admitted } = await live(60_000, [0], all);
    expect(admitted).toHaveLength(1_000);
  });

  it("are admitted to the last one where they come at once", async () => {
    for (const limit of [1, 100, 101, 1_000]) {
      const { admitted } = await live(limit, [0, 700, -900], [{ which: 0, after_ms: 0, times: 2_000, dies: false }]);
      expect([limit, admitted.length]).toEqual([limit, limit]);
    }
  });

  it.each([1, 2, 5])(
    "that come evenly to %i, four fifths of the limit, are all admitted for ever, for few writes",
    async (count) => {
      const every = 60_000 / 480;
      const evenly = Array.from({ length: 4_800 }, (_, i) => ({ which: i, after_ms: every, times: 1, dies: false }));
      const { admitted, asked } = await live(
        600,
        Array.from({ length: count }, () => 0),
        evenly,
      );
      expect(admitted).toHaveLength(4_800);
      expect(asked / admitted.length).toBeLessThan(0.1);
    },
  );

  it("that are one at a time cost a write each, and are counted to their slot", async () => {
    const seldom = Array.from({ length: 50 }, () => ({ which: 0, after_ms: 40_000, times: 1, dies: false }));
    const { admitted, asked } = await live(600, [0], seldom);
    expect([admitted.length, asked]).toEqual([50, 50]);
  });

  it("that are refused in a flood cost a process one write in a slot", async () => {
    const flood = Array.from({ length: 1_000 }, () => ({ which: 0, after_ms: 10, times: 10, dies: false }));
    const { admitted, asked } = await live(200, [0], flood);
    expect(admitted).toHaveLength(200);
    expect(asked).toBeLessThanOrEqual(35);
  });

  it("get nothing for what they give back while more than the limit is counted, as a clock that is behind may see it", async () => {
    const { table, asked } = counterTable();
    const at = new Date(BEGIN);
    const settle = { last: slotOf(at), reserved: 5, used: new Map() };
    const wanted = { subject: "s", limit: 200, count: 5, until: slotOf(at), settle };
    const counter = counterOf(storedCounter(210, at) as never, at);
    expect((await reserve(table, wanted, counter, at)).count).toBe(0);
    expect(asked).toEqual([]);
  });
});

describe("a counter that does not answer", () => {
  /** Nothing is taken while it is down; counts how often it was asked. */
  function flaky() {
    const { table } = counterTable();
    const state = { down: true, asked: 0 };
    const apply: TenantTable["apply"] = async (definition, write) => {
      state.asked++;
      if (state.down) throw unavailable(new Error("slow down"));
      return table.apply(definition, write);
    };
    return { state, table: { ...table, apply } as TenantTable };
  }
  const later = (slots: number) => new Date(BEGIN + slots * SLOT_MS);

  it("is asked once in a slot of time, whoever waits for it, and again in the next", async () => {
    const { state, table } = flaky();
    const slices = new Slices();
    const one = (at: Date) => slices.admit(table, limitOf(40), at).catch((error: unknown) => error);
    const all = await Promise.all(Array.from({ length: 50 }, () => one(later(0))));
    expect(new Set(all.map((error) => error instanceof Uncounted))).toEqual(new Set([true]));
    expect(state.asked).toBe(1);
    expect(await one(later(1))).toBeInstanceOf(Uncounted);
    expect(state.asked).toBe(2);
    state.down = false;
    expect(await one(later(2))).toMatchObject({ remaining: 39 });
  });

  it("keeps nobody from what is held already", async () => {
    const { state, table } = flaky();
    state.down = false;
    const slices = new Slices();
    const one = () => slices.admit(table, limitOf(6_000), later(0));
    await one();
    state.down = true;
    for (let i = 1; i < 10; i++) await one();
    await expect(one()).rejects.toBeInstanceOf(Uncounted);
  });

  it("is none that others take the last of: that is a limit that is reached", async () => {
    const { table } = counterTable();
    const at = later(0);
    const moved = storedCounter(39, at);
    const apply: TenantTable["apply"] = async (_, write) => {
      throw write.refuse(moved);
    };
    const racing = new Slices().admit({ ...table, apply } as TenantTable, limitOf(40), at);
    await expect(racing).rejects.toMatchObject({ code: "rate_limited" });
  });
});

describe("a limit that is changed", () => {
  it("holds from the next request on, also where more is held, and what was held comes back", async () => {
    const { table } = counterTable();
    const slices = new Slices();
    const at = new Date(BEGIN);
    const send = (limit: number) =>
      slices.admit(table, limitOf(limit), at).then(
        () => "admitted",
        (error: unknown) => (error instanceof Problem ? error.code : error),
      );
    for (let i = 0; i < 3; i++) expect(await send(6_000)).toBe("admitted");
    expect([await send(4), await send(4)]).toEqual(["admitted", "rate_limited"]);
    for (let i = 0; i < 2; i++) expect(await send(6)).toBe("admitted");
    expect(await send(6)).toBe("rate_limited");
  });
});
