import { beforeAll, describe, expect, it } from "vitest";
import type { Company } from "../../support/api.ts";
import { seeded } from "../../support/plan-simulate.ts";
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

/** A random graph without cycles: transforms, merges and routers, and two agents somewhere in it. */
function randomGraph(seed: number, size: number): { nodes: Node[]; edges: Edge[] } {
  const random = seeded(seed);
  const below = (n: number) => Math.floor(random() * n);
  const nodes: Node[] = [{ id: "in", kind: "input" }];
  const edges: Edge[] = [];
  /** Handles that nothing leaves by yet. */
  const open: [id: string, handle?: string][] = [["in"]];
  const used = new Set<string>();
  const leave = (): [string, string?] => {
    const at = below(open.length);
    const from = open[at] ?? ["in"];
    if (from[1] !== undefined) open.splice(at, 1);
    used.add(from[0]);
    return from;
  };
  const connect = ([from, handle]: [string, string?], to: string) =>
    edges.push(handle === undefined ? [from, to] : [from, to, handle]);
  for (let i = 0; i < size; i++) {
    const id = `n${i}`;
    const kind = i === 3 || i === 7 ? "agent" : (["transform", "transform", "merge", "router"][below(4)] ?? "merge");
    if (kind === "agent") nodes.push({ id, kind, config: { agent_id: one.agent_id, input_mapping: `"${id}"` } });
    else if (kind === "router") {
      const branches = [{ handle: "a", condition: { path: "run.input.k", op: "lt", value: below(10) } }];
      nodes.push({ id, kind, config: { branches, default: "b" } });
    } else if (kind === "merge") nodes.push({ id, kind, config: { strategy: "merge_json" } });
    else nodes.push({ id, kind, config: { expression: `{"${id}": run.input.k}` } });
    connect(leave(), id);
    if (kind === "merge") {
      const sources = new Set(edges.filter(([, to]) => to === id).map(([from]) => from));
      for (let more = below(4); more > 0; more--) {
        const from = leave();
        if (!sources.has(from[0])) connect(from, id);
        else if (from[1] !== undefined) open.push(from);
        sources.add(from[0]);
      }
    }
    if (kind === "router") open.push([id, "a"], [id, "b"]);
    else open.push([id]);
  }
  nodes.push({ id: "out", kind: "output" });
  const loose = open.filter(([id, handle]) => handle !== undefined || !edges.some(([from]) => from === id));
  for (const from of loose) if (!edges.some(([source, to]) => source === from[0] && to === "out")) connect(from, "out");
  // Both handles of a router that nothing leaves by: the second goes through a node of its own.
  for (const [id, handle] of loose) {
    if (handle === undefined || edges.some(([source, , by]) => source === id && by === handle)) continue;
    nodes.push(pass(`${id}-${handle}`));
    edges.push([id, `${id}-${handle}`, handle], [`${id}-${handle}`, "out"]);
  }
  return { nodes, edges };
}

/** Which nodes run, worked out from the graph alone: the inputs of a node decide, in topological order. */
function expectedStatus({ nodes, edges }: { nodes: Node[]; edges: Edge[] }, k: number): Map<string, string> {
  const status = new Map<string, string>([["in", "completed"]]);
  const chosen = (node: Node): string | undefined => {
    const config = node.config as { branches?: { condition: { value: number } }[] } | undefined;
    const [branch] = config?.branches ?? [];
    return branch === undefined ? undefined : k < branch.condition.value ? "a" : "b";
  };
  const byId = new Map(nodes.map((node) => [node.id, node]));
  while (status.size < nodes.length) {
    for (const { id } of nodes) {
      const incoming = edges.filter(([, to]) => to === id);
      if (status.has(id) || incoming.some(([from]) => !status.has(from))) continue;
      const taken = incoming.some(([from, , handle]) => {
        const source = byId.get(from);
        return status.get(from) === "completed" && source !== undefined && chosen(source) === handle;
      });
      status.set(id, taken ? "completed" : "skipped");
    }
  }
  return status;
}

describe("random graphs on the deployed workflow", () => {
  it("of 20 to 100 nodes: every node once and never before its inputs, the right ones skipped, the run ends", async () => {
    for (const [seed, size] of [
      [1, 18],
      [2, 35],
      [3, 60],
      [4, 98],
    ] as const) {
      const graph = randomGraph(seed, size);
      await redraw(company, pipeline_id, graphOf(graph.nodes, graph.edges));
      const k = seed * 2;
      const run = await ended(company, await testRun(company, pipeline_id, { input: { k } }), 90);
      expect([seed, run.status]).toEqual([seed, "completed"]);
      const steps = await pages(company, `/runs/${run.id}/steps`);
      const expected = expectedStatus(graph, k);
      expect(new Map(steps.map(({ node_id, status }) => [node_id, status]))).toEqual(new Map([...expected].sort()));
      expect(steps).toHaveLength(graph.nodes.length);
      const log = await pages(company, `/runs/${run.id}/logs`);
      expect(log.map(({ sequence }) => sequence)).toEqual(log.map((_, i) => i + 1));
      const settled = new Map<string, number>();
      for (const { type, node_id, sequence } of log) {
        if (!["step.completed", "step.skipped"].includes(type)) continue;
        expect(settled.has(node_id)).toBe(false);
        settled.set(node_id, sequence);
      }
      expect(settled.size).toBe(graph.nodes.length);
      for (const [from, to] of graph.edges) expect(settled.get(from)).toBeLessThan(settled.get(to) ?? 0);
      expect(run.totals.steps).toBe([...expected.values()].filter((status) => status === "completed").length);
    }
  });
});
