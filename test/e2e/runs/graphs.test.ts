import { beforeAll, describe, expect, it } from "vitest";
import type { Company } from "../../support/api.ts";
import { seeded } from "../../support/plan-simulate.ts";
import { thorough } from "../../support/thorough.ts";
import { type Edge, ended, graphOf, type Lab, lab, type Node, pages, pipelineWith, redraw, testRun } from "./setup.ts";

let one: Lab;
let company: Company;
let pipeline_id: string;

const pass = (id: string): Node => ({ id, kind: "transform", config: { expression: "input" } });
const agents = (agent_id: string): Node[] => [
  { id: "g1", kind: "agent", config: { agent_id, input_mapping: '"one"' } },
  { id: "g2", kind: "agent", config: { agent_id, input_mapping: '"two"' } },
];

beforeAll(async () => {
  one = await lab();
  company = one.company;
  const edges: Edge[] = [
    ["in", "g1"],
    ["g1", "g2"],
    ["g2", "out"],
  ];
  const ends: Node[] = [
    { id: "in", kind: "input" },
    { id: "out", kind: "output" },
  ];
  pipeline_id = await pipelineWith(company, graphOf([...ends, ...agents(one.agent_id)], edges));
});

describe("a graph with branches", () => {
  it("takes the branch whose condition holds, skips the others, and joins what was taken", async () => {
    const nodes: Node[] = [
      { id: "in", kind: "input" },
      {
        id: "size",
        kind: "router",
        config: {
          branches: [
            { handle: "small", condition: { path: "input.n", op: "lt", value: 10 } },
            { handle: "large", condition: { path: "input.n", op: "gte", value: 100 } },
          ],
          default: "middle",
        },
      },
      { id: "s", kind: "transform", config: { expression: '{"s": input.n}' } },
      { id: "m", kind: "transform", config: { expression: '{"m": input.n}' } },
      { id: "l", kind: "transform", config: { expression: '{"l": input.n}' } },
      ...agents(one.agent_id),
      { id: "join", kind: "merge", config: { strategy: "merge_json" } },
      { id: "out", kind: "output" },
    ];
    const edges: Edge[] = [
      ["in", "size"],
      ["in", "g1"],
      ["in", "g2"],
      ["size", "s", "small"],
      ["size", "m", "middle"],
      ["size", "l", "large"],
      ["s", "join"],
      ["m", "join"],
      ["l", "join"],
      ["g1", "join"],
      ["g2", "join"],
      ["join", "out"],
    ];
    await redraw(company, pipeline_id, graphOf(nodes, edges));
    for (const [n, taken] of [
      [3, "s"],
      [50, "m"],
      [100, "l"],
    ] as const) {
      const run = await ended(company, await testRun(company, pipeline_id, { input: { n } }));
      expect(run.status).toBe("completed");
      expect(run.output[taken]).toBe(n);
      expect(Object.keys(run.output).sort()).toEqual([taken, "g1", "g2"].sort());
      const steps = await pages(company, `/runs/${run.id}/steps`);
      const status = Object.fromEntries(steps.map((step) => [step.node_id, step.status]));
      for (const id of ["s", "m", "l"]) expect([id, status[id]]).toEqual([id, id === taken ? "completed" : "skipped"]);
      expect(steps).toHaveLength(nodes.length);
    }
  });

  it("works parallel branches side by side", async () => {
    const slow = (id: string): Node => ({
      id,
      kind: "agent",
      config: { agent_id: one.agent_id, input_mapping: `"[[delay:3000]] ${id}"` },
    });
    const ids = ["p1", "p2", "p3"];
    const nodes: Node[] = [
      { id: "in", kind: "input" },
      ...ids.map(slow),
      { id: "join", kind: "merge", config: { strategy: "concat", separator: " " } },
      { id: "out", kind: "output" },
    ];
    const edges: Edge[] = [
      ...ids.flatMap((id): Edge[] => [
        ["in", id],
        [id, "join"],
      ]),
      ["join", "out"],
    ];
    await redraw(company, pipeline_id, graphOf(nodes, edges));
    const run = await ended(company, await testRun(company, pipeline_id));
    expect(run.status).toBe("completed");
    for (const id of ids) expect(run.output).toContain(id);
    const steps = (await pages(company, `/runs/${run.id}/steps`)).filter(({ kind }) => kind === "agent");
    const started = steps.map(({ started_at }) => Date.parse(started_at));
    const finished = steps.map(({ finished_at }) => Date.parse(finished_at));
    expect(Math.max(...started)).toBeLessThan(Math.min(...finished));
  });
});

/** A node of a random graph, and by which handle it is left: `failed` where it fails and its error edge is taken. */
interface Known extends Node {
  readonly leaves?: (k: number) => string;
}

const ERROR = "error";
const failing = { on_failure: "error_edge" };
const OUTPUT = "output";

/** What is made of a drawn number: kinds that are worked off in passing mostly, the others now and then. */
function drawn(id: string, inner: string, below: (n: number) => number): Known {
  const of = (kind: string, config: object, leaves?: Known["leaves"]): Known =>
    leaves === undefined ? { id, kind, config } : { id, kind, config, leaves };
  const branches = () => [{ handle: "a", condition: { path: "run.input.k", op: "lt", value: below(10) } }];
  const says = `"${id} [[say:${id}]]"`;
  switch (below(30)) {
    case 0:
      return of("agent", { agent_id: one.agent_id, input_mapping: says });
    case 1:
      return of("agent", { agent_id: one.agent_id, input_mapping: `"${id} [[fail:400]]"`, ...failing }, () => ERROR);
    case 2:
      return of("agent", {
        agent_id: one.agent_id,
        input_mapping: `"${id} [[fail:503 times=1]] [[say:${id}]]"`,
        retry: { max_attempts: 3, backoff_ms: 0 },
      });
    case 3:
      return of("sub_pipeline", { pipeline_id: inner, input_mapping: "run.input.k" });
    case 4:
      return of("map", { pipeline_id: inner, list: "[1, 2, 3]" });
    case 5:
      return of("loop", { pipeline_id: inner, input_mapping: "run.input.k", max_iterations: 2 });
    case 6:
      return of("wait", { seconds: 1 });
    case 7:
      return of("synthesizer", { strategy: "vote", on_failure: "fallback", fallback: { [id]: 1 } });
    case 8:
      return of("transform", { expression: '$error("no")', ...failing }, () => ERROR);
    case 9:
      return of("transform", { expression: '$error("no")', on_failure: "fallback", fallback: { [id]: 1 } });
    case 10:
    case 11:
    case 12:
    case 13:
    case 14: {
      const [kind, config] = [["router", "condition"][below(2)] ?? "router", { branches: branches(), default: "b" }];
      const value = config.branches[0]?.condition.value ?? 0;
      return of(kind, config, (k) => (k < value ? "a" : "b"));
    }
    case 15:
    case 16:
    case 17:
    case 18:
    case 19:
      return of("merge", { strategy: "merge_json" });
    default:
      return of("transform", { expression: `{"${id}": run.input.k}` });
  }
}

/** A random graph without cycles, of kinds of which it is known what they come to. */
/** One more, and the provider is left alone for a while (FAILURES_TO_OPEN): then a run may rightly fail. */
const MOST_OUTAGES = 4;

function randomGraph(seed: number, size: number, inner: string): { nodes: Known[]; edges: Edge[] } {
  const random = seeded(seed);
  const below = (n: number) => Math.floor(random() * n);
  const nodes: Known[] = [{ id: "in", kind: "input" }];
  const edges: Edge[] = [];
  let outages = 0;
  /** Handles that may be left by. */
  const start: [id: string, handle: string] = ["in", OUTPUT];
  const open = [start];
  const used = new Set<string>();
  const connect = ([from, handle]: [string, string], to: string) => {
    used.add(`${from} ${handle}`);
    edges.push(handle === OUTPUT ? [from, to] : [from, to, handle]);
  };
  for (let i = 0; i < size; i++) {
    let node = drawn(`n${i}`, inner, below);
    if ("retry" in (node.config ?? {}) && ++outages > MOST_OUTAGES) node = drawn(`n${i}`, inner, () => 0);
    nodes.push(node);
    const joins = node.kind === "merge" || node.kind === "synthesizer" ? 1 + below(4) : 1;
    const sources = new Map(
      Array.from({ length: joins }, () => open[below(open.length)] ?? start).map((from) => [from[0], from]),
    );
    for (const from of sources.values()) connect(from, node.id);
    if (node.kind === "router" || node.kind === "condition") open.push([node.id, "a"], [node.id, "b"]);
    else open.push([node.id, OUTPUT]);
    if (node.leaves?.(0) === ERROR) open.push([node.id, ERROR]);
  }
  nodes.push({ id: "out", kind: "output" });
  // Whatever nothing leaves by yet leads to the end, by a node of its own: an end takes one connection from each.
  for (const from of open.filter(([id, handle]) => !used.has(`${id} ${handle}`))) {
    const id = `${from[0]}-${from[1]}`;
    nodes.push({ id, kind: "transform", config: { expression: "{}" } });
    connect(from, id);
    connect([id, OUTPUT], "out");
  }
  return { nodes, edges };
}

/** What becomes of each node, worked out from the graph alone: the inputs of a node decide, in topological order. */
function expectedStatus({ nodes, edges }: { nodes: Known[]; edges: Edge[] }, k: number): Map<string, string> {
  const status = new Map<string, string>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const leavesBy = (id: string) => byId.get(id)?.leaves?.(k) ?? OUTPUT;
  const incoming = new Map<string, Edge[]>();
  for (const edge of edges) incoming.set(edge[1], [...(incoming.get(edge[1]) ?? []), edge]);
  while (status.size < nodes.length) {
    for (const { id } of nodes) {
      const into = incoming.get(id) ?? [];
      if (status.has(id) || into.some(([from]) => !status.has(from))) continue;
      const taken = ([from, , handle = OUTPUT]: Edge) => status.get(from) !== "skipped" && leavesBy(from) === handle;
      const reached = id === "in" || into.some(taken);
      status.set(id, !reached ? "skipped" : leavesBy(id) === ERROR ? "failed" : "completed");
    }
  }
  return status;
}

/** Seeds and sizes: a few in each run of the tests, a hundred in a thorough one. */
const drawings = thorough
  ? Array.from({ length: 100 }, (_, i) => [i + 1, 20 + Math.round((i * 280) / 99)] as const)
  : ([
      [1, 20],
      [2, 60],
      [3, 140],
      [4, 280],
    ] as const);

describe("random graphs on the deployed workflow", () => {
  it("are of many kinds", () => {
    const kinds = drawings.flatMap(([seed, size]) => randomGraph(seed, size, "inner").nodes.map(({ kind }) => kind));
    expect(new Set(kinds).size).toBeGreaterThanOrEqual(12);
  });

  it.each(drawings)(
    "%i, of %i nodes: every node once and never before its inputs, the right ones skipped, the run ends",
    { timeout: 300_000 },
    async (seed, size) => {
      one = await lab();
      company = one.company;
      const inner = await pipelineWith(
        company,
        graphOf(
          [{ id: "in", kind: "input" }, pass("same"), { id: "out", kind: "output" }],
          [
            ["in", "same"],
            ["same", "out"],
          ],
        ),
        "custom",
      );
      expect((await company.call("POST", `/pipelines/${inner}/activate`, {})).status).toBe(200);
      const free = await pipelineWith(
        company,
        graphOf(randomGraph(0, 1, inner).nodes, randomGraph(0, 1, inner).edges),
        "custom",
      );
      const graph = randomGraph(seed, size, inner);
      await redraw(company, free, graphOf(graph.nodes, graph.edges));
      const k = seed % 10;
      const run = await ended(company, await testRun(company, free, { input: { k } }), 240);
      expect([seed, run.status, run.error]).toEqual([seed, "completed", null]);
      const steps = await pages(company, `/runs/${run.id}/steps`);
      const expected = expectedStatus(graph, k);
      const last = new Map(steps.map(({ node_id, status }) => [node_id, status]));
      expect([seed, last]).toEqual([seed, new Map([...expected].sort())]);
      const attempts = steps.filter(({ attempt }) => attempt === 1);
      expect(attempts).toHaveLength(graph.nodes.length);
      const log = await pages(company, `/runs/${run.id}/logs`);
      expect(log.map(({ sequence }) => sequence)).toEqual(log.map((_, i) => i + 1));
      const settled = new Map<string, number>();
      for (const { type, node_id, sequence } of log) {
        if (!["step.completed", "step.failed", "step.skipped"].includes(type)) continue;
        expect([seed, node_id, settled.has(node_id)]).toEqual([seed, node_id, false]);
        settled.set(node_id, sequence);
      }
      expect(settled.size).toBe(graph.nodes.length);
      for (const [from, to] of graph.edges) expect(settled.get(from)).toBeLessThan(settled.get(to) ?? 0);
      expect(run.totals.steps).toBe([...expected.values()].filter((status) => status !== "skipped").length);
    },
  );
});
