import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { issueCodes } from "../../../functions/pipelines/graph/rules/issues.ts";
import { type Graph, graphSchema, nodeSchema } from "../../../functions/pipelines/graph/rules/nodes.ts";
import { type GraphFacts, validateGraph } from "../../../functions/pipelines/graph/rules/validate.ts";

const facts: GraphFacts = {
  answers: new Map(),
  // Not available yet: nothing of it is asked of a graph.
  pattern: "custom",
  agents: new Map([
    ["agt_1", { status: "active" }],
    ["agt_draft", { status: "draft" }],
    ["agt_gone", { status: "archived" }],
  ]),
};
const node = (id: string, kind: string, config: object = {}) =>
  nodeSchema.parse({
    id,
    kind,
    label: id.toUpperCase(),
    config: kind === "agent" ? { agent_id: "agt_1", ...config } : config,
  });
/** `a>b` from a's output, `a.handle>b` from another handle. */
const wire = (text: string, more: object = {}) => {
  const [, source = "", handle, target = ""] = /^([^.>]+)(?:\.([^>]+))?>(.+)$/.exec(text) ?? [];
  return {
    id: text.replace(/[.>]/g, "-"),
    source,
    target,
    ...(handle === undefined ? {} : { source_handle: handle }),
    ...more,
  };
};
const graph = (nodes: Graph["nodes"], wires: (string | ReturnType<typeof wire>)[]): Graph => ({
  nodes,
  connections: wires.map((one) => (typeof one === "string" ? wire(one) : one)) as Graph["connections"],
});
const input = node("in", "input");
const output = node("out", "output");
const branches = { branches: [{ handle: "yes", condition: { path: "input.a", op: "exists" } }], default: "no" };
const check = (value: Graph, more: Partial<GraphFacts> = {}) => validateGraph(value, { ...facts, ...more });
const codes = (value: Graph, more: Partial<GraphFacts> = {}) => {
  const { errors, warnings } = check(value, more);
  return [...errors, ...warnings].map(({ code }) => code);
};
const good = graph([input, node("a", "agent"), output], ["in>a", "a>out"]);

describe("validation", () => {
  it("finds nothing wrong with a good graph", () => {
    expect(check(good)).toMatchObject({ valid: true, errors: [] });
    const full = graph(
      [
        input,
        node("r", "router", branches),
        node("a", "agent", { on_failure: "error_edge" }),
        node("m", "merge"),
        output,
      ],
      ["in>r", "r.yes>a", "r.no>m", "a>m", "a.error>m", "m>out"],
    );
    expect(check(full).errors).toEqual([]);
  });

  it.each<[string, Graph, string[]]>([
    ["an empty graph", graph([], []), ["graph_empty"]],
    [
      "no input",
      graph([node("a", "agent"), output], ["a>out"]),
      ["input_missing", "unreachable_node", "unreachable_node"],
    ],
    [
      "two inputs",
      graph([input, node("in2", "input"), node("m", "merge"), output], ["in>m", "in2>m", "m>out"]),
      ["several_inputs"],
    ],
    ["no output", graph([input, node("a", "agent")], ["in>a"]), ["output_missing", "dead_end"]],
    ["a dangling connection", graph(good.nodes, ["in>a", "a>out", "a>ghost"]), ["dangling_connection"]],
    ["a self loop", graph(good.nodes, ["in>a", "a>out", "a>a"]), ["self_loop"]],
    [
      "a connection twice",
      graph(good.nodes, ["in>a", "a>out", wire("a>out", { id: "again" })]),
      ["duplicate_connection"],
    ],
    [
      "a connection twice, one naming the default handles",
      graph(good.nodes, ["in>a", "a>out", wire("a.output>out", { target_handle: "input" })]),
      ["duplicate_connection"],
    ],
    ["something into the input", graph(good.nodes, ["in>a", "a>out", "a>in"]), ["connection_into_input", "cycle"]],
    [
      "something out of the output",
      graph([input, output, node("m", "merge")], ["in>out", "in>m", "out>m"]),
      ["connection_out_of_output", "dead_end"],
    ],
    ["a node without connections", graph([...good.nodes, node("x", "agent")], ["in>a", "a>out"]), ["orphan_node"]],
    [
      "nodes that nothing reaches",
      graph([...good.nodes, node("x", "agent"), node("y", "agent")], ["in>a", "a>out", "x>y"]),
      ["unreachable_node", "unreachable_node"],
    ],
    ["a dead end", graph([...good.nodes, node("x", "agent")], ["in>a", "a>out", "in>x"]), ["dead_end"]],
    [
      "two connections into an agent",
      graph([input, node("a", "agent"), node("b", "agent"), output], ["in>a", "in>b", "a>b", "b>out"]),
      ["fan_in_not_allowed"],
    ],
    [
      "a quorum that there never is",
      graph(
        [input, node("a", "agent"), node("m", "merge", { strategy: "vote", quorum: 2 }), output],
        ["in>a", "a>m", "m>out"],
      ),
      ["quorum_unreachable"],
    ],
    ["an unknown handle", graph(good.nodes, ["in>a", "a>out", "a.left>out"]), ["unknown_handle"]],
    [
      "an error handle without the policy",
      graph(good.nodes, ["in>a", "a>out", "a.error>out"]),
      ["error_edge_unexpected"],
    ],
    [
      "the policy without an error handle",
      graph([input, node("a", "agent", { on_failure: "error_edge" }), output], ["in>a", "a>out"]),
      ["error_edge_missing"],
    ],
    [
      "a condition out of an agent",
      graph(good.nodes, ["in>a", wire("a>out", { condition: { path: "input.a", op: "exists" } })]),
      ["condition_not_allowed"],
    ],
    [
      "a router without branches",
      graph([input, node("r", "router", { default: "no" }), output], ["in>r", "r.no>out"]),
      ["branches_missing"],
    ],
    [
      "a router without default",
      graph([input, node("r", "router", { branches: branches.branches }), output], ["in>r", "r.yes>out"]),
      ["default_branch_missing"],
    ],
    [
      "a conditional default",
      graph(
        [input, node("r", "router", branches), output],
        ["in>r", "r.yes>out", wire("r.no>out", { condition: { path: "input.a", op: "exists" } })],
      ),
      ["default_branch_conditional"],
    ],
    [
      "a branch that leads nowhere",
      graph([input, node("r", "condition", branches), output], ["in>r", "r.no>out"]),
      ["branch_not_connected"],
    ],
    [
      "a router's plain output",
      graph([input, node("r", "router", branches), output], ["in>r", "r.yes>out", "r.no>out", "r>out"]),
      ["unknown_handle"],
    ],
    [
      "no agent chosen",
      graph([input, nodeSchema.parse({ id: "a", kind: "agent", label: "A", config: {} }), output], ["in>a", "a>out"]),
      ["agent_not_set"],
    ],
    [
      "an unknown agent",
      graph([input, node("a", "agent", { agent_id: "agt_9" }), output], ["in>a", "a>out"]),
      ["agent_not_found"],
    ],
    [
      "an archived agent",
      graph([input, node("a", "agent", { agent_id: "agt_gone" }), output], ["in>a", "a>out"]),
      ["agent_archived"],
    ],
    [
      "a draft agent",
      graph([input, node("a", "agent", { agent_id: "agt_draft" }), output], ["in>a", "a>out"]),
      ["agent_draft"],
    ],
    ["an incomplete request", graph([input, node("h", "http"), output], ["in>h", "h>out"]), ["config_incomplete"]],
    [
      "an incomplete transform",
      graph([input, node("t", "transform"), output], ["in>t", "t>out"]),
      ["config_incomplete"],
    ],
    [
      "a wrong expression",
      graph([input, node("t", "transform", { expression: "1 +" }), output], ["in>t", "t>out"]),
      ["expression_invalid"],
    ],
    [
      "a wrong placeholder",
      graph([input, node("h", "http", { url: "https://example.com/{{ $now() }}" }), output], ["in>h", "h>out"]),
      ["expression_invalid"],
    ],
    [
      "a step that does not exist",
      graph([input, node("t", "transform", { expression: "steps.ghost.output" }), output], ["in>t", "t>out"]),
      ["reference_unknown"],
    ],
    [
      "a step beside",
      graph(
        [input, node("a", "agent"), node("t", "transform", { expression: "steps.a.output" }), output],
        ["in>t", "t>out", "in>a", "a>out"],
      ),
      ["reference_not_upstream"],
    ],
    [
      "its own output",
      graph([input, node("t", "transform", { expression: "steps.t.output" }), output], ["in>t", "t>out"]),
      ["reference_not_upstream"],
    ],
    [
      "a later step in a condition",
      graph(
        [
          input,
          node("r", "router", {
            branches: [{ handle: "yes", condition: { path: "steps.a.output.text", op: "exists" } }],
            default: "no",
          }),
          node("a", "agent"),
          output,
        ],
        ["in>r", "r.yes>a", "r.no>out", "a>out"],
      ),
      ["reference_not_upstream"],
    ],
    [
      "nodes with the same id",
      graph([...good.nodes, node("a", "agent")], ["in>a", "a>out"]),
      ["duplicate_node_id", "orphan_node"],
    ],
    [
      "connections with the same id",
      graph(good.nodes, [wire("in>a"), wire("a>out", { id: "in-a" })]),
      ["duplicate_connection_id"],
    ],
  ])("finds %s", (_what, value, expected) => {
    expect(codes(value)).toEqual(expected);
  });

  it("reads steps upstream by whatever way, in expressions, placeholders and conditions", () => {
    const reading = { path: "steps.a.output.text", op: "exists" };
    const value = graph(
      [
        input,
        node("a", "agent"),
        node("t", "transform", { expression: "steps.a.output & steps.in.output" }),
        node("h", "http", { url: "https://example.com/{{ steps.a.output.text }}" }),
        node("r", "router", { branches: [{ handle: "yes", condition: reading }], default: "no" }),
        output,
      ],
      ["in>a", "a>t", "t>h", "h>r", wire("r.yes>out", { condition: reading }), "r.no>out"],
    );
    expect(codes(value)).toEqual([]);
  });

  it("names the nodes and connections of each cycle, and no others", () => {
    const merges = ["m1", "m2", "m3", "x", "y", "tail"].map((id) => node(id, "merge"));
    const value = graph(
      [input, ...merges, output],
      ["in>m1", "m1>m2", "m2>m3", "m3>m1", "m3>x", "x>y", "y>x", "y>tail", "tail>out"],
    );
    const found = check(value).errors.filter(({ code }) => code === "cycle");
    expect(found.map(({ node_ids }) => [...node_ids].sort())).toEqual([
      ["m1", "m2", "m3"],
      ["x", "y"],
    ]);
    expect(found.map(({ connection_ids }) => [...connection_ids].sort())).toEqual([
      ["m1-m2", "m2-m3", "m3-m1"],
      ["x-y", "y-x"],
    ]);
    expect(found[0]?.message).toMatch(/m1 → m2|m2 → m3|m3 → m1/);
  });

  it("says what each finding is about and what to do", () => {
    const { errors } = check(graph(good.nodes, ["in>a", "a>out", "a.error>out"]));
    expect(errors).toEqual([
      {
        code: "error_edge_unexpected",
        message: expect.stringContaining("Set that policy or remove"),
        node_ids: ["a"],
        connection_ids: ["a-error-out"],
      },
    ]);
  });

  it("checks the pattern's kinds and numbers of agents, and only points at patterns that are not available", () => {
    expect(codes(good, { pattern: "sequential" })).toEqual(["pattern_agents_below_minimum"]);
    const agents = Array.from({ length: 11 }, (_, i) => node(`a${i}`, "agent", { agent_id: `agt_${i}` }));
    const known = { agents: new Map(agents.map((_, i) => [`agt_${i}`, { status: "active" as const }])) };
    const chain = graph(
      [input, ...agents, output],
      ["in>a0", ...agents.slice(1).map((_, i) => `a${i}>a${i + 1}`), "a10>out"],
    );
    expect(codes(chain, { ...known, pattern: "sequential" })).toEqual(["pattern_agents_above_maximum"]);
    expect(check(chain, { ...known, pattern: "sequential" }).valid).toBe(true);
    expect(codes(chain, { ...known, pattern: "parallel" })).toEqual(["pattern_kind_missing"]);
    expect(codes(chain, { ...known, pattern: "consensus" })).toEqual([
      "pattern_kind_missing",
      "pattern_agents_above_maximum",
    ]);
    expect(codes(chain, { ...known, pattern: "handoff" })).toEqual([
      "pattern_kind_missing",
      "pattern_agents_above_maximum",
    ]);
    expect(codes(good, { pattern: "debate" })).toEqual(["pattern_agents_below_minimum", "pattern_kind_missing"]);
    expect(codes(good, { pattern: "custom" })).toEqual([]);
  });

  it("counts the workers of a supervisor as agents, and itself not", () => {
    const supervised = (count: number) =>
      graph(
        [
          input,
          node("s", "supervisor", {
            agent_id: "agt_1",
            workers: Array.from({ length: count }, () => ({ agent_id: "agt_1" })),
          }),
          output,
        ],
        ["in>s", "s>out"],
      );
    expect(codes(supervised(2), { pattern: "supervisor" })).toEqual([]);
    expect(codes(supervised(1), { pattern: "supervisor" })).toEqual(["pattern_agents_below_minimum"]);
    expect(codes(supervised(0))).toEqual(["config_incomplete"]);
    expect(codes(good, { pattern: "supervisor" })).toEqual(["pattern_agents_below_minimum", "pattern_kind_missing"]);
  });

  it("bounds its answer and says how much it leaves out", () => {
    const many = graph(
      [...good.nodes, ...Array.from({ length: 700 }, (_, i) => node(`x${i}`, "agent"))],
      ["in>a", "a>out"],
    );
    const { errors, warnings } = check(many);
    expect(errors).toHaveLength(500);
    expect(warnings.at(-1)).toMatchObject({ code: "too_many_issues", message: expect.stringContaining("200 more") });
  });

  it("does not mind depth: a chain of 10,000 nodes, closed to a ring", () => {
    const ids = Array.from({ length: 9_998 }, (_, i) => `m${i}`);
    const nodes = [input, ...ids.map((id) => node(id, "merge")), output];
    const chain = ["in>m0", ...ids.slice(1).map((id, i) => `m${i}>${id}`), "m9997>out"];
    expect(check(graph(nodes, chain)).valid).toBe(true);
    const [ring] = check(graph(nodes, [...chain, "m9997>m0"])).errors;
    expect(ring).toMatchObject({ code: "cycle" });
    expect(ring?.node_ids).toHaveLength(9_998);
  });

  it("agrees with a plain search about cycles and reach, for any graph", () => {
    const edges = fc.array(fc.tuple(fc.nat(11), fc.nat(11)), { maxLength: 30 });
    fc.assert(
      fc.property(edges, (pairs) => {
        const nodes = [input, ...Array.from({ length: 11 }, (_, i) => node(`n${i + 1}`, "merge"))];
        const name = (i: number) => nodes[i]?.id ?? "";
        const wires = pairs.map(([a, b], i) => wire(`${name(a)}>${name(b)}`, { id: `c${i}` }));
        const reachable = (from: number) => {
          const seen = new Set<number>();
          const visit = (at: number) => {
            for (const [a, b] of pairs) {
              if (a === at && a !== b && !seen.has(b)) {
                seen.add(b);
                visit(b);
              }
            }
          };
          visit(from);
          return seen;
        };
        const { errors } = check(graph(nodes, wires));
        const inCycle = new Set(nodes.flatMap((_, i) => (reachable(i).has(i) ? [name(i)] : [])));
        const named = errors.filter(({ code }) => code === "cycle").flatMap(({ node_ids }) => node_ids);
        const number = (id: string) => nodes.findIndex((one) => one.id === id);
        for (const id of named) expect(inCycle.has(id)).toBe(true);
        // Every node on a cycle is on a named one or reaches one and is reached by it.
        for (const id of inCycle) {
          const near = (other: string) =>
            reachable(number(id)).has(number(other)) && reachable(number(other)).has(number(id));
          expect(named.some(near)).toBe(true);
        }
        const unreached = errors.flatMap(({ code, node_ids }) =>
          code === "unreachable_node" || code === "orphan_node" ? node_ids : [],
        );
        const fromInput = reachable(0);
        const expected = nodes.flatMap(({ id }, i) => (i > 0 && !fromInput.has(i) ? [id] : []));
        const orphanInput = errors.some(({ code, node_ids }) => code === "orphan_node" && node_ids[0] === "in")
          ? ["in"]
          : [];
        expect(unreached.sort()).toEqual([...expected, ...orphanInput].sort());
      }),
      { numRuns: 500 },
    );
  });

  it("agrees with a plain search about which steps come before, with more than 32 of them read", () => {
    const size = 70;
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 150 }),
        fc.nat(2 ** 30),
        (raw, seed) => {
          const pairs = new Set(raw.filter(([a, b]) => a !== b).map(([a, b]) => `${Math.min(a, b)} ${Math.max(a, b)}`));
          const reads = Array.from({ length: size }, (_, i) => (seed * (i + 7) + i * i) % size);
          const nodes = reads.map((read, i) => node(`n${i}`, "output", { mapping: `steps.n${read}.output` }));
          const wires = [...pairs].map((pair, i) => wire(pair.replace(/(\d+) (\d+)/, "n$1>n$2"), { id: `c${i}` }));
          const before = Array.from({ length: size }, () => new Set<number>());
          for (const pair of [...pairs]
            .map((text) => text.split(" ").map(Number))
            .sort(([, a = 0], [, b = 0]) => a - b)) {
            const [a = 0, b = 0] = pair;
            before[b]?.add(a);
            for (const above of before[a] ?? []) before[b]?.add(above);
          }
          const wrong = reads.flatMap((read, i) => (before[i]?.has(read) ? [] : [`n${i}`]));
          const found = check(graph(nodes, wires)).errors.flatMap(({ code, node_ids }) =>
            code === "reference_not_upstream" ? [node_ids[0]] : [],
          );
          expect(found.sort()).toEqual(wrong.sort());
        },
      ),
      { numRuns: 100 },
    );
  });

  it("uses no code outside of its list", () => {
    for (const [code, level] of Object.entries(issueCodes))
      expect([code, level]).toEqual([code, expect.stringMatching(/^(error|warning)$/)]);
    expect(graphSchema.safeParse(good).success).toBe(true);
  });
});
