import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { outcomesNeeded } from "../../../functions/runs/engine/rules/input.ts";
import { compilePlan, nodeNamed } from "../../../functions/runs/engine/rules/plan.ts";
import { expectedRun, graphs, workOf } from "../../support/plan-graphs.ts";
import { simulate } from "../../support/plan-simulate.ts";

const work = workOf({ fatal: false });

describe("a node that is worked alone", () => {
  it("comes to what it comes to in the whole run, in any order and with crashes, and nothing else is worked", async () => {
    const seen = { task: 0, rule: 0, failed: 0 };
    const cases = fc.record({
      graph: graphs,
      input: fc.record({ k: fc.integer({ min: 0, max: 12 }) }),
      seed: fc.integer({ min: 0, max: 2 ** 31 }),
      pick: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ graph, input, seed, pick }) => {
        const whole = compilePlan(graph);
        const { outcomes } = await expectedRun(whole, input, work);
        const reached = whole.nodes.filter(
          ({ id, node }) => node !== undefined && outcomes.get(id)?.status !== "skipped",
        );
        const { id } = reached[pick % reached.length] ?? whole.nodes[0] ?? { id: "" };
        const expected = outcomes.get(id);
        const plan = compilePlan(graph, id);
        const node = nodeNamed(plan, id);
        const given = new Map(
          outcomesNeeded(plan, node).flatMap((ordinal) => {
            const outcome = outcomes.get(plan.nodes[ordinal]?.id ?? "");
            return outcome === undefined ? [] : [[ordinal, outcome] as const];
          }),
        );
        const run = await simulate(plan, input, work, { seed, given, faults: { rate: 0.08, most: 10 } });
        expect(run.table.final.get(node.ordinal)).toEqual(expected);
        const output = expected?.status === "completed" ? expected.output : null;
        expect(run.table.result).toEqual({ status: "completed", output });
        expect([...run.worked.keys()].filter((key) => key.split("/")[0] !== id)).toEqual([]);
        seen[node.pure ? "rule" : "task"]++;
        if (expected?.status === "failed") seen.failed++;
      }),
      { numRuns: 300 },
    );
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(0);
  });

  it("has to be in the graph", () => {
    const graph = {
      nodes: [{ id: "in", kind: "input" as const, label: "In", config: { on_failure: "fail_run" as const } }],
      connections: [],
    };
    expect(() => compilePlan(graph, "out")).toThrow("needs the node out");
  });
});
