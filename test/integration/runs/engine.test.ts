import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Graph, graphSchema } from "../../../functions/pipelines/graph/public.ts";
import type { AttemptResult } from "../../../functions/runs/engine/rules/outcome.ts";
import { compilePlan, type PlanNode } from "../../../functions/runs/engine/rules/plan.ts";
import { number } from "../../../functions/runs/log/pending.ts";
import { runPendingItem, runStateItem } from "../../../functions/runs/store.ts";
import { type Fault, faultyTable, onWrites } from "../../support/faulty-table.ts";
import { type Expected, expectedRun, graphs, waits, workOf } from "../../support/plan-graphs.ts";
import { seeded } from "../../support/plan-simulate.ts";
import { stackTable } from "../../support/stack.ts";
import { places } from "../../support/thorough.ts";
import { type Drive, drive, look, startRun } from "./harness.ts";

const INPUT = { k: 4 };

/** Fails unless the table holds exactly what the run must come to, told once each and in order. */
async function runsAsExpected(
  graph: Graph,
  expectedOf: (seed: string) => Promise<Expected>,
  options: Drive,
): Promise<ReadonlyMap<string, number>> {
  const run = await startRun(graph, INPUT);
  const expected = await expectedOf(run.id);
  const { worked, executionsOf } = await drive(run, options);
  // A step belongs to one branch, however often its tasks are repeated.
  const waiting = new Set(graph.nodes.filter(waits).map(({ id }) => id));
  for (const [id, executions] of executionsOf) if (!waiting.has(id)) expect([id, executions.size]).toEqual([id, 1]);
  const { run: record, state, steps, log, pending, events, audit, outcomes, output } = await look(run);
  const status = expected.fatal.length > 0 ? "failed" : "completed";
  expect(record.status).toBe(status);
  expect(state.status).toBe(status);
  for (const [id, outcome] of outcomes) expect([id, outcome]).toEqual([id, expected.outcomes.get(id)]);
  if (status === "completed") {
    expect(outcomes.size).toBe(expected.outcomes.size);
    expect(output).toEqual(expected.output);
  }
  expect(log.map(({ sequence }) => sequence)).toEqual(log.map((_, i) => i + 1));
  expect(state.sequence).toBe(log.length);
  expect(pending).toEqual([]);
  expect(log.at(-1)?.type).toBe(`run.${status}`);
  expect(log.filter(({ type }) => type.startsWith("run.")).map(({ type }) => type)).toEqual([
    "run.started",
    "run.running",
    `run.${status}`,
  ]);
  const ended = steps.filter((step) => step.retry_in_ms === null && ["completed", "failed"].includes(step.status));
  expect(state.steps).toBe(ended.length);
  const told = (type: string) => events.filter((event) => event.type === type).length;
  expect(told(`run.${status}`)).toBe(1);
  expect(audit.filter(({ action }) => action === `run.${status}`)).toHaveLength(1);
  // A step that ends after the run has failed is kept and counted, but no more told.
  if (status === "completed") expect(told("run.step_completed")).toBe(ended.length);
  else expect(told("run.step_completed")).toBeLessThanOrEqual(ended.length);
  const logged = log.filter(({ type }) => /^step\.(?:completed|failed|skipped)$/.test(type));
  expect(new Set(logged.map(({ node_id }) => node_id)).size).toBe(logged.length);
  // No step is told of before those that it follows, whoever died or came twice on the way.
  const told_at = new Map(logged.map(({ node_id, sequence }) => [node_id, sequence]));
  for (const { source, target } of graph.connections) {
    const [before = 0, after = Number.POSITIVE_INFINITY] = [told_at.get(source), told_at.get(target)];
    expect([source, target, before < after]).toEqual([source, target, true]);
  }
  return worked;
}

const sampled = (seed: number, count: number, least: number): Graph[] =>
  fc
    .sample(graphs, { seed, numRuns: count * 8 })
    .filter(({ nodes }) => nodes.length >= least)
    .slice(0, count);

async function expectation(graph: Graph, fatal: boolean) {
  const work = workOf({ fatal });
  return { work, expected: (seed: string) => expectedRun(compilePlan(graph), INPUT, work, seed) };
}

describe("a run on the table", () => {
  it("comes to what the graph says, for random graphs, each attempt worked once", async () => {
    for (const graph of sampled(7, 6, 15)) {
      const { work, expected } = await expectation(graph, false);
      const worked = await runsAsExpected(graph, expected, { work });
      // What waits is asked when it begins, and by each of the two who wake it at once, or by one alone.
      const asked = (key: string) => (waits(graph.nodes.find(({ id }) => key.startsWith(`${id}/`))) ? [2, 3] : [1]);
      expect([...worked].filter(([key, times]) => !asked(key).includes(times))).toEqual([]);
    }
  });

  it("that fails tells it once, whatever was under way", async () => {
    for (const graph of sampled(11, 5, 15)) {
      const { work, expected } = await expectation(graph, true);
      await runsAsExpected(graph, expected, { work });
    }
  });

  it("comes to the same when every task is delivered three times at once", async () => {
    for (const graph of sampled(13, 4, 12)) {
      const { work, expected } = await expectation(graph, false);
      await runsAsExpected(graph, expected, { work, copies: 3 });
    }
  });

  it("comes to the same when tasks hand over after a few edges", async () => {
    for (const graph of sampled(17, 3, 15)) {
      const { work, expected } = await expectation(graph, false);
      await runsAsExpected(graph, expected, { work, budget: 2 });
    }
  });

  it("comes to the same under random crashes before and after writes, the task repeated", async () => {
    for (const [i, graph] of sampled(19, 5, 12).entries()) {
      const { work, expected } = await expectation(graph, i % 2 === 0);
      const random = seeded(i + 1);
      let left = 40;
      const table = faultyTable(
        onWrites((): Fault => {
          if (left === 0 || random() > 0.2) return undefined;
          left--;
          return random() < 0.5 ? "before" : "after";
        }),
      );
      await runsAsExpected(graph, expected, { work, table, copies: 1 + (i % 2) });
      expect(left).toBeLessThan(40);
    }
  });
});

const tiny = graphSchema.parse({
  nodes: [
    { id: "in", kind: "input", label: "in", config: {} },
    { id: "a", kind: "agent", label: "a", config: { agent_id: "agt_1", retry: { max_attempts: 2, backoff_ms: 0 } } },
    { id: "b", kind: "agent", label: "b", config: { agent_id: "agt_1", on_failure: "error_edge" } },
    { id: "c", kind: "transform", label: "c", config: { expression: "input" } },
    { id: "m", kind: "merge", label: "m", config: { strategy: "merge_json" } },
    { id: "e", kind: "transform", label: "e", config: { expression: "input" } },
    { id: "out", kind: "output", label: "out", config: {} },
  ],
  connections: [
    { id: "1", source: "in", target: "a" },
    { id: "2", source: "in", target: "b" },
    { id: "3", source: "in", target: "c" },
    { id: "4", source: "a", target: "m" },
    { id: "5", source: "b", target: "m" },
    { id: "6", source: "b", source_handle: "error", target: "e" },
    { id: "7", source: "c", target: "m" },
    { id: "8", source: "m", target: "out" },
    { id: "9", source: "e", target: "out" },
  ],
});
const tinyWork = (node: PlanNode, attempt: number): AttemptResult =>
  node.id === "b" || attempt === 1
    ? { ok: false, error: { code: "broken", message: `${node.id} fails` } }
    : { ok: true, output: { from: node.id } };

describe("a crash at any one write", () => {
  it("changes nothing of what the run comes to", async () => {
    const expected = () => expectedRun(compilePlan(tiny), INPUT, tinyWork);
    let writes = 0;
    const counted = faultyTable(
      onWrites(() => {
        writes++;
        return undefined;
      }),
    );
    await runsAsExpected(tiny, expected, { work: tinyWork, table: counted });
    expect(writes).toBeGreaterThan(12);
    for (const fault of ["before", "after"] as const) {
      for (const k of places(writes, 5)) {
        let n = 0;
        const table = faultyTable(onWrites(() => (++n === k ? fault : undefined)));
        await runsAsExpected(tiny, expected, { work: tinyWork, table }).catch((error: unknown) => {
          throw new Error(`a crash ${fault} write ${k} changes the run`, { cause: error });
        });
      }
    }
  });
});

describe("entries that wait for their number", () => {
  const entry = {
    at: "2026-01-01T00:00:00.000Z",
    level: "info",
    type: "step.started",
    node_id: "a",
    attempt: 1,
  } as const;
  const pend = async () => {
    const run = await startRun(tiny, INPUT);
    const table = stackTable().of(run.tenant);
    const add = { steps: 1, tokens_in: 2, tokens_out: 3, cost_usd_micros: 4 };
    const pending = Array.from({ length: 90 }, (_, i) => ({
      run_id: run.id,
      id: String(i).padStart(3, "0"),
      entry: { ...entry, message: `entry ${i}`, data: {} },
      add,
      expires_at: run.expires_at,
    }));
    await table.transact(pending.map((item) => table.writes.create(runPendingItem, item)));
    return { run, table };
  };
  const sums = { steps: 90, tokens_in: 180, tokens_out: 270, cost_usd_micros: 360 };

  it("get one each, in order, whoever gives it", async () => {
    const { run, table } = await pend();
    await Promise.all(Array.from({ length: 6 }, () => number(table, run.id)));
    const { state, log, pending } = await look(run);
    expect(pending).toEqual([]);
    expect(state).toMatchObject({ ...sums, sequence: 91 });
    expect(log.slice(1).map(({ sequence, message }) => [sequence, message])).toEqual(
      Array.from({ length: 90 }, (_, i) => [i + 2, `entry ${i}`]),
    );
  });

  it("are counted once and told no more when the run is over", async () => {
    const { run, table } = await pend();
    await table.transact([table.writes.update(runStateItem, { run_id: run.id }, { set: { status: "stopped" } })]);
    await Promise.all(Array.from({ length: 6 }, () => number(table, run.id)));
    const { state, log, pending } = await look(run);
    expect(pending).toEqual([]);
    expect(state).toMatchObject({ ...sums, sequence: 1 });
    expect(log).toHaveLength(1);
  });
});

describe("a fan of 60 branches into one join", () => {
  it("ends once, though all of them finish at the same moment", async () => {
    const ids = Array.from({ length: 60 }, (_, i) => `n${i}`);
    const graph = graphSchema.parse({
      nodes: [
        { id: "in", kind: "input", label: "in", config: {} },
        ...ids.map((id) => ({ id, kind: "agent", label: id, config: { agent_id: "agt_1" } })),
        { id: "m", kind: "merge", label: "m", config: { strategy: "merge_json" } },
        { id: "out", kind: "output", label: "out", config: {} },
      ],
      connections: [
        ...ids.flatMap((id) => [
          { id: `i-${id}`, source: "in", target: id },
          { id: `${id}-m`, source: id, target: "m" },
        ]),
        { id: "m-out", source: "m", target: "out" },
      ],
    });
    let waiting = 0;
    let open: (value: AttemptResult) => void = () => {};
    const gate = new Promise<AttemptResult>((resolve) => {
      open = resolve;
    });
    const work = (): Promise<AttemptResult> => {
      if (++waiting === ids.length) open({ ok: true, output: { k: 1 } });
      return gate;
    };
    const expected = () => expectedRun(compilePlan(graph), INPUT, () => ({ ok: true, output: { k: 1 } }));
    let writes = 0;
    const table = faultyTable(
      onWrites(() => {
        writes++;
        return undefined;
      }),
    );
    await runsAsExpected(graph, expected, { work, table });
    // Each branch: begun, committed, joined. What they lose by meeting on the run's state does not grow with their number.
    expect(writes).toBeLessThan(ids.length * 15);
  });
});
