import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nodeKinds } from "../../../functions/pipelines/graph/rules/kinds.ts";
import { validateGraph } from "../../../functions/pipelines/graph/rules/validate.ts";
import { compilePlan, nodeNamed, type Plan } from "../../../functions/runs/engine/rules/plan.ts";
import { type Expected, expectedRun, graphs, waits as nodeWaits, workOf } from "../../support/plan-graphs.ts";
import { type Simulation, simulate } from "../../support/plan-simulate.ts";

const agents = new Map([["agt_1", { status: "active" as const }]]);
const work = workOf({ fatal: false });
/** One case: a graph, the run's input, the schedule, and how much one call does: small bounds hand over often. */
const cases = fc.record({
  graph: graphs,
  input: fc.record({ k: fc.integer({ min: 0, max: 12 }) }),
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  bounds: fc.record({ budget: fc.integer({ min: 1, max: 60 }), width: fc.integer({ min: 1, max: 40 }) }),
});
const faults = { rate: 0.08, most: 25 };

/** Checks a property of many cases. */
const always = (
  numRuns: number,
  check: (one: typeof cases extends fc.Arbitrary<infer T> ? T : never) => Promise<void>,
  parameters: fc.Parameters<unknown> = {},
) => fc.assert(fc.asyncProperty(cases, check), { ...parameters, numRuns });

const finalOutcomes = (plan: Plan, { table }: Simulation) =>
  new Map([...table.final].map(([ordinal, outcome]) => [plan.nodes[ordinal]?.id ?? "", outcome]));

function agrees(plan: Plan, run: Simulation, expected: Expected): void {
  expect(run.table.result).toEqual({ status: "completed", output: expected.output });
  expect(finalOutcomes(plan, run)).toEqual(expected.outcomes);
  for (const [id, executions] of run.executionsOf) if (!waits(plan, id)) expect([id, executions.size]).toEqual([id, 1]);
}

/** Whether that step, or attempt of it, is one that waits: it is asked again by each who wakes it. */
const waits = (plan: Plan, key: string): boolean => nodeWaits(nodeNamed(plan, key.split("/")[0] ?? "").node);

describe("a run of any valid graph", () => {
  it("is tried with graphs that are valid and have joins, skipped branches, error edges, fallbacks and retries", async () => {
    const seen = { join: 0, big: 0, retrying: 0, waiting: 0, skipped: 0, error_edge: 0, fallback: 0, blocked: 0 };
    const kinds = new Set<string>();
    const succeeds = (...of: Parameters<typeof work>) => {
      const result = work(...of);
      return "ok" in result && result.ok;
    };
    await always(
      200,
      async ({ graph, input }) => {
        for (const { kind } of graph.nodes) kinds.add(kind);
        const { errors } = validateGraph(graph, { pattern: "custom", agents, answers: new Map() });
        // What nodes emit here is not what their kinds do.
        expect(errors.filter(({ code }) => code !== "path_never_there")).toEqual([]);
        const plan = compilePlan(graph);
        const { outcomes, fatal } = await expectedRun(plan, input, work);
        expect(fatal).toEqual([]);
        if (plan.nodes.some(({ incoming }) => incoming.length > 2)) seen.join++;
        if (plan.nodes.length > 30) seen.big++;
        if (plan.nodes.some((node) => node.node?.config.retry && succeeds(node, 2) !== succeeds(node, 3)))
          seen.retrying++;
        if (plan.nodes.some(({ node, id }) => nodeWaits(node) && outcomes.get(id)?.status === "completed"))
          seen.waiting++;
        for (const outcome of outcomes.values()) {
          if (outcome.status === "skipped") seen.skipped++;
          if (outcome.status === "failed") seen.error_edge++;
          if (outcome.status === "completed" && outcome.recovered_from !== undefined) seen.fallback++;
          if (outcome.status === "completed" && outcome.blocked.length > 0) seen.blocked++;
        }
      },
      { seed: 1 },
    );
    for (const [what, count] of Object.entries(seen)) expect([what, count > 10]).toEqual([what, true]);
    expect([...kinds].sort()).toEqual(Object.keys(nodeKinds).sort());
  });

  it("ends, works each attempt once, and comes to the same outcomes whatever the order of its tasks", async () => {
    await always(200, async ({ graph, input, seed, bounds }) => {
      const plan = compilePlan(graph);
      const run = await simulate(plan, input, work, { seed, ...bounds });
      agrees(plan, run, await expectedRun(plan, input, work));
      for (const [key, times] of run.worked) if (!waits(plan, key)) expect([key, times]).toEqual([key, 1]);
    });
  });

  it("comes to the same outcomes when calls crash before or after any write, or are repeated while still under way", async () => {
    let injected = 0;
    await always(1_000, async ({ graph, input, seed, bounds }) => {
      const plan = compilePlan(graph);
      const run = await simulate(plan, input, work, { seed, faults, ...bounds });
      injected += run.faults;
      agrees(plan, run, await expectedRun(plan, input, work));
    });
    expect(injected).toBeGreaterThan(4_000);
  });

  it("goes by the answer that was committed first when repeated work answers differently each time", async () => {
    await always(200, async ({ graph, input, seed, bounds }) => {
      const plan = compilePlan(graph);
      let calls = 0;
      const moody = () => ({ ok: true, output: { k: calls++ % 11, call: calls } }) as const;
      const run = await simulate(plan, input, moody, { seed, faults, ...bounds });
      // Everything must follow from what was committed, and from that alone: a run that gets those answers at once is the same run.
      const committed = finalOutcomes(plan, run);
      const expected = await expectedRun(plan, input, ({ id }) => {
        const outcome = committed.get(id);
        if (outcome?.status !== "completed") throw new Error(`${id} was not worked`);
        return { ok: true, output: outcome.output };
      });
      agrees(plan, run, expected);
    });
  });

  it("fails when a node fails under fail_run, and then ends all the same", async () => {
    let failed = 0;
    const fatalWork = workOf({ fatal: true });
    await always(200, async ({ graph, input, seed, bounds }) => {
      const plan = compilePlan(graph);
      const expected = await expectedRun(plan, input, fatalWork);
      const run = await simulate(plan, input, fatalWork, { seed, faults, ...bounds });
      if (expected.fatal.length === 0) return agrees(plan, run, expected);
      failed++;
      const { result } = run.table;
      expect(expected.fatal).toContain(result?.status === "failed" ? result.node_id : undefined);
      for (const [id, outcome] of finalOutcomes(plan, run)) expect(outcome).toEqual(expected.outcomes.get(id));
    });
    expect(failed).toBeGreaterThan(40);
  });

  it("begins no work after a stop, commits what had begun, and every execution ends", async () => {
    let stopped = 0;
    await fc.assert(
      fc.asyncProperty(cases, fc.integer({ min: 1, max: 120 }), async ({ graph, input, seed, bounds }, stopAt) => {
        const plan = compilePlan(graph);
        const run = await simulate(plan, input, work, { seed, ...bounds, stopAt });
        if (!run.table.stopped) return;
        stopped++;
        expect(run.table.result).toBeUndefined();
        for (const key of run.worked.keys()) expect(run.table.begun.has(key)).toBe(true);
        for (const key of run.table.begun)
          expect([key, run.table.attempts.has(key) || waits(plan, key)]).toEqual([key, true]);
      }),
      { numRuns: 200 },
    );
    expect(stopped).toBeGreaterThan(50);
  });

  it("skips a step exactly when none of its edges was taken, and resolves every edge of every join", async () => {
    await always(150, async ({ graph, input, seed, bounds }) => {
      const plan = compilePlan(graph);
      const run = await simulate(plan, input, work, { seed, faults, ...bounds });
      for (const node of plan.nodes) {
        const state = run.table.states.get(node.ordinal);
        expect(state !== undefined).toBe(node.incoming.length > 1);
        if (state === undefined || node.ordinal === plan.end) continue;
        expect([...state.taken, ...state.untaken].sort()).toEqual([...node.incoming].sort());
        expect(run.table.final.get(node.ordinal)?.status === "skipped").toBe(state.taken.size === 0);
      }
    });
  });
});
