import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { graphSchema } from "../../../functions/pipelines/graph/public.ts";
import { settle } from "../../../functions/runs/engine/rules/outcome.ts";
import { compilePlan, nodeNamed } from "../../../functions/runs/engine/rules/plan.ts";
import { graphs, workOf } from "../../support/plan-graphs.ts";
import { simulate } from "../../support/plan-simulate.ts";

const INPUT = { k: 4 };

describe("a run's deadline", () => {
  // The modelled workflow takes it as a violation when work begins after the deadline.
  const cases = [graphs, fc.nat({ max: 12 }), fc.nat()] as const;

  const attempted = workOf({ fatal: false });
  /** Without failures, whose next attempt the time might not hold. */
  const succeeds: typeof attempted = (node, attempt) => {
    const result = attempted(node, attempt);
    return !("ok" in result) || result.ok ? result : { ok: true, output: { k: 1 } };
  };

  it("lets no work begin after it, and ends a run that passes it as timed out, in any graph", async () => {
    const seen = { completed: 0, timed_out: 0 };
    await fc.assert(
      fc.asyncProperty(...cases, async (graph, time_ms, seed) => {
        const { table } = await simulate(compilePlan(graph), INPUT, succeeds, { seed, time_ms });
        if (time_ms === 0) expect(table.begun.size).toBe(0);
        const status = table.left_ms > 0 ? "completed" : "timed_out";
        expect(table.result?.status).toBe(status);
        seen[status]++;
      }),
      { numRuns: 150 },
    );
    for (const [status, count] of Object.entries(seen)) expect([status, count > 5]).toEqual([status, true]);
  });

  it("lets no work begin after it under faults either, and the run ends", async () => {
    await fc.assert(
      fc.asyncProperty(...cases, async (graph, time_ms, seed) => {
        const options = { seed, time_ms, faults: { rate: 0.1, most: 6 } };
        const { table } = await simulate(compilePlan(graph), INPUT, workOf({ fatal: false }), options);
        expect(table.over).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it("ends a run as timed out whose last step came in late, completed or failed", async () => {
    const chain = compilePlan(
      graphSchema.parse({
        nodes: [
          { id: "in", kind: "input", label: "in", config: {} },
          { id: "a", kind: "agent", label: "a", config: { agent_id: "agt_1" } },
          { id: "out", kind: "output", label: "out", config: {} },
        ],
        connections: [
          { id: "1", source: "in", target: "a" },
          { id: "2", source: "a", target: "out" },
        ],
      }),
    );
    const fine = await simulate(chain, {}, () => ({ ok: true, output: 1 }), { seed: 1, time_ms: 1 });
    expect(fine.table.result).toEqual({ status: "timed_out" });
    expect([...fine.table.attempts.keys()]).toContain("a/1");
    const error = { code: "http_timeout", message: "too slow" };
    const cut = await simulate(chain, {}, () => ({ ok: false, error }), { seed: 1, time_ms: 1 });
    expect(cut.table.result).toEqual({ status: "timed_out" });
  });
});

describe("a step that is denied", () => {
  it("never begins, and ends the run with the reason, whatever else is under way", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, fc.nat(), async (graph, seed) => {
        const plan = compilePlan(graph);
        const tasks = plan.nodes.filter((node) => !node.pure).map(({ id }) => id);
        const denied = new Set(tasks.filter((_, i) => (seed + i) % 3 === 0));
        const { table, worked } = await simulate(plan, INPUT, workOf({ fatal: false }), { seed, denied });
        for (const key of worked.keys()) expect(denied.has(key.split("/")[0] ?? "")).toBe(false);
        const { result } = table;
        if (result?.status === "denied") expect(denied.has(result.node_id)).toBe(true);
        else expect(result?.status).toBe("completed");
      }),
      { numRuns: 100 },
    );
  });
});

describe("the pause before another attempt", () => {
  const plan = compilePlan(
    graphSchema.parse({
      nodes: [
        { id: "in", kind: "input", label: "in", config: {} },
        ...["agent", "http"].map((kind) => ({
          id: kind,
          kind,
          label: kind,
          config: {
            ...(kind === "agent" ? { agent_id: "agt_1" } : { url: "https://example.com" }),
            retry: { max_attempts: 3, backoff_ms: 100 },
          },
        })),
      ],
      connections: [
        { id: "1", source: "in", target: "agent" },
        { id: "2", source: "in", target: "http" },
      ],
    }),
  );
  const error = { code: "busy", message: "slow down" };
  const pause = (id: string, attempt: number, retry_after_ms?: number, left_ms?: number) =>
    settle(nodeNamed(plan, id), attempt, { ok: false, error, retry_after_ms }, left_ms);

  it.each(["agent", "http"])("of a node of kind %s is the longer of the policy's and of what is asked for", (id) => {
    expect(pause(id, 1, 6_000)).toEqual({ status: "retrying", error, retry_in_ms: 6_000 });
    expect(pause(id, 2, 150)).toEqual({ status: "retrying", error, retry_in_ms: 200 });
    expect(pause(id, 1)).toEqual({ status: "retrying", error, retry_in_ms: 100 });
  });

  it("is an hour at most, whatever is asked for", () => {
    expect(pause("http", 1, 999_999_999)).toEqual({ status: "retrying", error, retry_in_ms: 3_600_000 });
  });

  it("that the run's time does not hold is a failure at once", () => {
    expect(pause("http", 1, 6_000, 6_001)).toMatchObject({ status: "retrying" });
    expect(pause("http", 1, 6_000, 6_000)).toEqual({ status: "failed", error });
    expect(pause("http", 1, undefined, 100)).toEqual({ status: "failed", error });
  });
});
