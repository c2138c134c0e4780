import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { GraphNode } from "../../../functions/pipelines/graph/public.ts";
import { nested } from "../../../functions/pipelines/graph/public.ts";
import { type Calls, ended, nextCalls, noCalls, STARTS_AT_A_TIME } from "../../../functions/runs/calls/rules/calls.ts";
import { specOf } from "../../../functions/runs/calls/rules/spec.ts";

describe("runs that a step has run", () => {
  it("are each started once and in order, never more at a time than it says, and end as the reckoning says", () => {
    const cases = fc.record({
      total: fc.integer({ min: 0, max: 60 }),
      concurrency: fc.integer({ min: 1, max: 30 }),
      needed: fc.integer({ min: 0, max: 60 }),
      fails: fc.array(fc.boolean(), { minLength: 60, maxLength: 60 }),
      order: fc.array(fc.nat(), { minLength: 200, maxLength: 200 }),
    });
    fc.assert(
      fc.property(cases, ({ total, concurrency, needed: wished, fails, order }) => {
        const needed = Math.min(wished, total);
        const started: number[] = [];
        let calls: Calls = noCalls;
        let over: string | undefined;
        for (let step = 0; over === undefined && step < 200; step++) {
          const next = nextCalls(calls, { total, concurrency, needed });
          over = next.over;
          expect(next.start.length).toBeLessThanOrEqual(STARTS_AT_A_TIME);
          started.push(...next.start);
          calls = next.calls;
          expect(calls.open.length).toBeLessThanOrEqual(concurrency);
          if (over !== undefined || next.more) continue;
          // Any of those that go on end next, one or several of them.
          const most = ((order[step] ?? 0) % calls.open.length) + 1;
          calls = ended(calls, new Map(calls.open.slice(-most).map((index) => [index, fails[index] !== true])));
        }
        expect(started).toEqual(started.map((_, i) => i));
        const failures = started.filter((index) => fails[index]).length;
        if (over === "done") {
          expect(started.length).toBe(total);
          expect(total - failures).toBeGreaterThanOrEqual(needed);
        } else {
          expect(over).toBe("failed");
          expect(failures).toBeGreaterThan(total - needed);
        }
      }),
    );
  });

  it("that are told to have ended twice are counted once", () => {
    const { calls } = nextCalls(noCalls, { total: 3, concurrency: 2, needed: 3 });
    const once = ended(calls, new Map([[0, true]]));
    expect(ended(once, new Map([[0, true]]))).toEqual(once);
  });
});

it("a map that needs more successes than its list has items fails before anything is started", async () => {
  const config = { list: "input", max_items: 10, concurrency: 2, succeed: "quorum", quorum: 3, on_failure: "fail_run" };
  const node = { id: "m", label: "m", kind: "map", config } as Parameters<typeof specOf>[0];
  const of = (input: number[]) => specOf(node, { input, run: { input: null }, steps: {} }, 50);
  expect(await of([1, 2])).toMatchObject({ ok: false, error: { code: "no_quorum" }, retryable: false });
  expect(await of([1, 2, 3])).toMatchObject({ ok: true, wanted: { total: 3, concurrency: 2, needed: 3 } });
});

describe("graphs within graphs", () => {
  const node = (kind: string, config: object = {}) => ({ id: "n", label: "n", kind, config }) as unknown as GraphNode;
  const of = (graphs: Record<string, { wait?: number; runs?: [GraphNode, string][] }>) => (key: string) => ({
    waits_seconds: graphs[key]?.wait ?? 0,
    within: (graphs[key]?.runs ?? []).map(([one, inner]) => ({ node: one, keys: [inner] })),
  });

  it("wait as long as all they run one after the other", () => {
    const loop = node("loop", { max_iterations: 5 });
    const map = node("map", { max_items: 25, concurrency: 10 });
    const found = nested(
      "a",
      of({ a: { wait: 1, runs: [[loop, "b/1"]] }, "b/1": { wait: 2, runs: [[map, "c/1"]] }, "c/1": { wait: 10 } }),
    );
    expect(found).toEqual({ depth: 3, waits_seconds: 1 + 5 * (2 + 3 * 10), recursion: undefined });
  });

  it("run within themselves by whatever way", () => {
    const sub = node("sub_pipeline");
    expect(nested("a", of({ a: { runs: [[sub, "a/1"]] } })).recursion).toEqual(["a", "a/1"]);
    const long = of({ a: { runs: [[sub, "b/1"]] }, "b/1": { runs: [[sub, "c/1"]] }, "c/1": { runs: [[sub, "b/1"]] } });
    expect(nested("a", long).recursion).toEqual(["b/1", "c/1", "b/1"]);
    const diamond = of({
      a: {
        runs: [
          [sub, "b/1"],
          [sub, "c/1"],
        ],
      },
      "b/1": { runs: [[sub, "d/1"]] },
      "c/1": { runs: [[sub, "d/1"]] },
    });
    expect(nested("a", diamond)).toMatchObject({ depth: 3, recursion: undefined });
  });
});
