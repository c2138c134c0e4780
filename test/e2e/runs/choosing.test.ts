import { beforeAll, describe, expect, it } from "vitest";
import type { Company } from "../../support/api.ts";
import { type Edge, ended, graphOf, lab, type Node, pages, pipelineWith, redraw, testRun } from "./setup.ts";

const input: Node = { id: "in", kind: "input" };
const output: Node = { id: "out", kind: "output" };
const routes = ["billing", "technical", "other"];

let company: Company;
let agent_id: string;
let pipeline_id: string;
beforeAll(async () => {
  ({ company, agent_id } = await lab());
  // Nothing is asked of the graph of a pattern that is not available yet.
  pipeline_id = await pipelineWith(company, graphOf([input, output], [["in", "out"]]), "custom");
});

/** A router whose routes say which of them was taken. */
function routed(config: object): { nodes: Node[]; edges: Edge[] } {
  return {
    nodes: [
      input,
      { id: "route", kind: "router", config },
      ...routes.map((id) => ({ id, kind: "transform", config: { expression: `{"went": "${id}"}` } })),
      output,
    ],
    edges: [
      ["in", "route"],
      ...routes.flatMap((id): Edge[] => [
        ["route", id, id],
        [id, "out"],
      ]),
    ],
  };
}

/** Runs the pipeline and tells where it went and how the router came to it. */
async function went(input: unknown) {
  const run = await ended(company, await testRun(company, pipeline_id, { input }));
  const steps = await pages(company, `/runs/${run.id}/steps`);
  const step = steps.find(({ node_id }) => node_id === "route");
  return { run, step, to: run.output?.went, choice: step?.choice };
}

describe("a router by meaning", () => {
  beforeAll(async () => {
    const { nodes, edges } = routed({
      strategy: "semantic",
      agent_id,
      branches: [
        { handle: "billing", description: "Invoices and payments." },
        { handle: "technical", description: "Something does not work." },
      ],
      default: "other",
      min_confidence: 0.6,
    });
    await redraw(company, pipeline_id, graphOf(nodes, edges));
  });
  const says = (answer: unknown) => `The printer is on fire. [[say:${JSON.stringify(answer)}]]`;

  it("goes where its agent is sure of, and says how sure and why; the input goes on, the call is paid", async () => {
    const reason = "It is about a device.";
    const { run, step, to, choice } = await went(says({ handle: "technical", confidence: 0.9, reason }));
    expect([run.status, to]).toEqual(["completed", "technical"]);
    expect(choice).toEqual({ strategy: "semantic", confidence: 0.9, reason });
    expect([step.model !== null, step.tokens_in > 0]).toEqual([true, true]);
    expect(run.totals.tokens_in).toBe(step.tokens_in);
  });

  it.each([
    ["is not sure", { handle: "technical", confidence: 0.59, reason: "A guess." }, 0.59],
    ["says what is no measure", { handle: "technical", confidence: 7, reason: "Very." }, 0],
    ["names a route that there is not", { handle: "fire_brigade", confidence: 1, reason: "Fire." }, 0],
    ["answers something else", "Call the fire brigade.", 0],
  ])("goes by its default where the agent %s", async (_, answer, confidence) => {
    const { run, to, choice } = await went(says(answer));
    expect([run.status, to, choice.confidence]).toEqual(["completed", "other", confidence]);
  });

  it("fails where the agent cannot answer at all", async () => {
    const { run } = await went("Hello. [[fail:500]]");
    expect([run.status, run.error.node_id]).toEqual(["failed", "route"]);
  });

  it("cannot be saved as valid without an agent and a default", async () => {
    const { nodes, edges } = routed({
      strategy: "semantic",
      branches: routes.map((handle) => ({ handle, description: "Any." })),
    });
    const saved = await company.call("PUT", `/pipelines/${pipeline_id}/graph`, graphOf(nodes, edges));
    const codes = saved.body.validation.errors.map(({ code }: { code: string }) => code);
    expect(codes.sort()).toEqual(["agent_not_set", "default_branch_missing"]);
    const branches = routes.slice(0, 2).map((handle) => ({ handle, description: "Any." }));
    const late = routed({ strategy: "semantic", agent_id, version: 99, branches, default: "other" });
    const unknown = await company.call("PUT", `/pipelines/${pipeline_id}/graph`, graphOf(late.nodes, late.edges));
    expect(unknown.body.validation.errors).toMatchObject([{ code: "agent_version_not_found", node_ids: ["route"] }]);
  });
});

describe("a router in turn", () => {
  it("gives each branch its turn over all runs, however many there are at once", async () => {
    const { nodes, edges } = routed({ strategy: "round_robin", branches: routes.map((handle) => ({ handle })) });
    await redraw(company, pipeline_id, graphOf(nodes, edges));
    const runs = await Promise.all(Array.from({ length: 6 }, () => went({ n: 1 })));
    expect(runs.map(({ to }) => to).sort()).toEqual([...routes, ...routes].sort());
    expect(runs.map(({ choice }) => choice.turn).sort()).toEqual([1, 2, 3, 4, 5, 6]);
    for (const { to, choice } of runs) expect(to).toBe(routes[(choice.turn - 1) % routes.length]);
  });
});

describe("a router by chance", () => {
  it("goes by what the run's own id draws", async () => {
    const branches = routes.map((handle, i) => ({ handle, weight: i === 1 ? 1_000 : 1 }));
    const { nodes, edges } = routed({ strategy: "random", branches });
    await redraw(company, pipeline_id, graphOf(nodes, edges));
    const { run, choice } = await went({ n: 1 });
    expect(choice).toEqual({ strategy: "random", seed: run.id });
  });
});

describe("a synthesizer that summarizes", () => {
  const between = (config: object) =>
    graphOf(
      [
        input,
        { id: "one", kind: "transform", config: { expression: '"The first has found nothing."' } },
        { id: "two", kind: "transform", config: { expression: '"The second has found a leak."' } },
        { id: "all", kind: "synthesizer", config: { strategy: "summarize", agent_id, ...config } },
        output,
      ],
      [
        ["in", "one"],
        ["in", "two"],
        ["one", "all"],
        ["two", "all"],
        ["all", "out"],
      ],
    );

  it("gives its agent what all inputs say, each under its step's name, and emits the answer", async () => {
    await redraw(company, pipeline_id, between({}));
    const run = await ended(company, await testRun(company, pipeline_id, { input: {} }));
    expect(run.status).toBe("completed");
    for (const part of ["## one", "found nothing", "## two", "found a leak"]) expect(run.output.text).toContain(part);
    expect(run.totals.tokens_in).toBeGreaterThan(0);
  });

  it("fails for want of inputs before it asks its agent", async () => {
    const says = (id: string): Node => ({ id, kind: "transform", config: { expression: `"${id}"` } });
    const large = {
      branches: [{ handle: "large", condition: { path: "input.n", op: "gt", value: 10 } }],
      default: "small",
    };
    const nodes: Node[] = [
      input,
      { id: "size", kind: "condition", config: large },
      says("one"),
      says("two"),
      { id: "all", kind: "synthesizer", config: { strategy: "summarize", agent_id, quorum: 2 } },
      output,
    ];
    const edges: Edge[] = [
      ["in", "size"],
      ["size", "one", "large"],
      ["size", "two", "small"],
      ["one", "all"],
      ["two", "all"],
      ["all", "out"],
    ];
    await redraw(company, pipeline_id, graphOf(nodes, edges));
    const run = await ended(company, await testRun(company, pipeline_id, { input: { n: 1 } }));
    expect([run.status, run.error.code, run.totals.tokens_in]).toEqual(["failed", "no_quorum", 0]);
  });
});
