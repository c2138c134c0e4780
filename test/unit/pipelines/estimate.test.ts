import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { estimate, estimateOf, type KnownBounds } from "../../../functions/pipelines/estimate/rules/estimate.ts";
import { type Bounded, sum, times, unbounded } from "../../../functions/pipelines/estimate/rules/spend.ts";
import { type Graph, nodeSchema } from "../../../functions/pipelines/graph/rules/nodes.ts";
import { compilePlan } from "../../../functions/runs/engine/rules/plan.ts";
import { graphs, workOf } from "../../support/plan-graphs.ts";
import { simulate } from "../../support/plan-simulate.ts";

const answer: Bounded = { model_calls: 12, tokens_in: 1_200, tokens_out: 120, cost_usd_micros: 60, unbounded: [] };
const answers = new Map([["agt_1/", answer]]);
const bounds: KnownBounds = { answers, runs: new Map([["pip_1/3", { ...answer, unbounded: ["Perhaps."] }]]) };
const node = (id: string, kind: string, config: object = {}) =>
  nodeSchema.parse({ id, kind, label: id, config: kind === "agent" ? { agent_id: "agt_1", ...config } : config });
const graph = (nodes: Graph["nodes"], wires: readonly (readonly [string, string])[]): Graph => ({
  nodes,
  connections: wires.map(([source, target], i) => ({ id: `c${i}`, source, target })),
});

describe("the estimate of a node", () => {
  it("is what its agent's answer comes to, for each attempt", () => {
    expect(estimateOf(node("a", "agent", { retry: { max_attempts: 3 }, timeout_ms: 10_000 }), bounds)).toEqual({
      node_id: "a",
      kind: "agent",
      attempts: 3,
      seconds: 30 + 2 * 3_600,
      model_calls: 36,
      tokens_in: 3_600,
      tokens_out: 360,
      cost_usd_micros: 180,
      unbounded: [],
    });
  });

  it.each<[string, object, Partial<Bounded> & { seconds: number }]>([
    ["transform", { retry: { max_attempts: 9 } }, { model_calls: 0, cost_usd_micros: 0, seconds: 0 }],
    ["wait", { seconds: 90 }, { model_calls: 0, seconds: 90 }],
    ["wait", { until: "input.at" }, { model_calls: 0, seconds: 366 * 86_400 }],
    ["http", { url: "https://a.example/" }, { model_calls: 0, cost_usd_micros: 0, seconds: 30 }],
    ["router", { strategy: "semantic", agent_id: "agt_1" }, { model_calls: 12, cost_usd_micros: 60, seconds: 120 }],
    ["router", { strategy: "random" }, { model_calls: 0, seconds: 0 }],
    ["synthesizer", { strategy: "summarize", agent_id: "agt_1" }, { model_calls: 12, seconds: 120 }],
    ["merge", {}, { model_calls: 0, seconds: 0 }],
    ["tool", { agent_id: "agt_1", tool: "t" }, { model_calls: 0, cost_usd_micros: 0, seconds: 60 }],
    // Three decisions, and four tasks; the first decision is its own work, the others and the workers are waited for.
    [
      "supervisor",
      { agent_id: "agt_1", max_rounds: 2, max_workers: 2, workers: [{ agent_id: "agt_1" }, { agent_id: "agt_1" }] },
      { model_calls: 3 * 12 + 4 * 12, cost_usd_micros: 7 * 60, seconds: 120 + 2 * 240 },
    ],
  ])("of kind %s with %j", (kind, config, expected) => {
    expect(estimateOf(node("n", kind, config), bounds)).toMatchObject({ ...expected, unbounded: [] });
  });

  it("counts for each task of a supervisor the worker that costs most, by each measure", () => {
    const cheap = { ...answer, tokens_in: 9_000, cost_usd_micros: 1 };
    const known = new Map([...answers, ["agt_2/", cheap]]);
    const workers = [{ agent_id: "agt_1" }, { agent_id: "agt_2" }];
    const one = node("s", "supervisor", { agent_id: "agt_1", max_rounds: 1, max_workers: 1, workers });
    expect(estimateOf(one, { ...bounds, answers: known })).toMatchObject({
      tokens_in: 2 * 1_200 + 9_000,
      cost_usd_micros: 2 * 60 + 60,
      unbounded: [],
    });
    expect(estimateOf(one, bounds)).toMatchObject({
      cost_usd_micros: null,
      unbounded: ["Nothing is known of agent agt_2."],
    });
  });

  it.each<[string, object, number]>([
    ["sub_pipeline", {}, 1],
    ["map", { list: "input", max_items: 40, retry: { max_attempts: 2 } }, 80],
    ["loop", { max_iterations: 7 }, 7],
  ])("of kind %s with %j is that of its pipeline, %i times", (kind, config, count) => {
    const of = (revision: number) => node("n", kind, { pipeline_id: "pip_1", revision, ...config });
    expect(estimateOf(of(3), bounds)).toMatchObject({
      model_calls: 12 * count,
      cost_usd_micros: 60 * count,
      unbounded: ["Perhaps."],
    });
    expect(estimateOf(of(4), bounds)).toMatchObject({
      cost_usd_micros: null,
      unbounded: ["Nothing is known of pipeline pip_1."],
    });
  });

  it("is null with the reason where nothing bounds it", () => {
    const none = { model_calls: null, tokens_in: null, tokens_out: null, cost_usd_micros: null };
    expect(estimateOf(node("a", "agent", { agent_id: "agt_2" }), bounds)).toMatchObject({
      ...none,
      unbounded: ["Nothing is known of agent agt_2."],
    });
    expect(estimateOf(node("a", "agent", { agent_id: undefined }), bounds)).toMatchObject({
      ...none,
      unbounded: ["No agent is chosen."],
    });
  });
});

describe("what is added up", () => {
  it("has no bound where a part has none, and keeps those that all have", () => {
    const unpriced = { ...answer, cost_usd_micros: null, unbounded: ["no price"] };
    expect(sum([answer, unpriced, unpriced])).toEqual({
      model_calls: 36,
      tokens_in: 3_600,
      tokens_out: 360,
      cost_usd_micros: null,
      unbounded: ["no price"],
    });
    expect(times(unbounded("why"), 3).unbounded).toEqual(["why"]);
  });

  it("is no bound any more where it is not exact", () => {
    const large = times({ ...answer, cost_usd_micros: Number.MAX_SAFE_INTEGER }, 2);
    expect(large).toMatchObject({ model_calls: 24, cost_usd_micros: null });
    expect(large.unbounded).toHaveLength(1);
  });
});

describe("the estimate of a graph", () => {
  it("has the way that takes longest, and of ways as long the one with more nodes", () => {
    const nodes = [
      node("in", "input"),
      node("a", "agent", { timeout_ms: 5_000 }),
      node("b", "wait", { seconds: 5 }),
      node("t", "transform", { expression: "input" }),
      node("m", "merge"),
      node("out", "output"),
    ];
    const wires = [
      ["in", "a"],
      ["in", "b"],
      ["b", "t"],
      ["a", "m"],
      ["t", "m"],
      ["m", "out"],
    ] as const;
    expect(estimate(graph(nodes, wires), bounds)).toMatchObject({
      steps: 6,
      model_calls: 12,
      longest_path: { node_ids: ["in", "b", "t", "m", "out"], seconds: 5 },
    });
  });

  it("has no longest way with a cycle, and none of an empty graph", () => {
    const circle = graph(
      [node("in", "input"), node("a", "merge"), node("b", "merge")],
      [
        ["in", "a"],
        ["a", "b"],
        ["b", "a"],
      ],
    );
    expect(estimate(circle, bounds).longest_path).toBe(null);
    expect(estimate(graph([], []), bounds)).toMatchObject({ steps: 0, longest_path: { node_ids: [], seconds: 0 } });
  });

  it("is never below what a run of any graph does, with failures, retries, and work repeated after crashes", async () => {
    const work = workOf({ fatal: false });
    const cases = fc.record({ graph: graphs, k: fc.integer({ min: 0, max: 12 }), seed: fc.nat(1_000_000) });
    let attempted = 0;
    await fc.assert(
      fc.asyncProperty(cases, async ({ graph: value, k, seed }) => {
        const known = new Map([
          ["agt_1/", answer],
          ["agt_1/1", answer],
        ]);
        const whole = estimate(value, { ...bounds, answers: known });
        const plan = compilePlan(value);
        const run = await simulate(plan, { k }, work, { seed, faults: { rate: 0.05, most: 10 } });
        const ended = [...run.table.final.values()].filter(({ status }) => status !== "skipped");
        expect(ended.length).toBeLessThanOrEqual(whole.steps);
        const of = new Map(whole.nodes.map((one) => [one.node_id, one]));
        for (const key of run.table.attempts.keys()) {
          const [id = "", attempt = "1"] = key.split("/");
          attempted++;
          expect(Number(attempt)).toBeLessThanOrEqual(of.get(id)?.attempts ?? 1);
        }
      }),
      { numRuns: 60 },
    );
    expect(attempted).toBeGreaterThan(300);
  });
});
