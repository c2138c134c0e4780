import { describe, expect, it } from "vitest";
import { type GraphNode, graphSchema } from "../../../functions/pipelines/graph/public.ts";
import { drawn, inTurn } from "../../../functions/runs/engine/rules/choice.ts";
import {
  concatenated,
  mergedInput,
  mergedJson,
  outcomesNeeded,
  runOutput,
  scopeOf,
} from "../../../functions/runs/engine/rules/input.ts";
import {
  edgeTaken,
  edgeValue,
  type Outcome,
  resolutions,
  settle,
  skipped,
} from "../../../functions/runs/engine/rules/outcome.ts";
import { compilePlan, nodeNamed } from "../../../functions/runs/engine/rules/plan.ts";
import { runPure } from "../../../functions/runs/engine/rules/pure.ts";
import { prepareTask } from "../../../functions/runs/engine/rules/task.ts";
import type { Scope } from "../../../shared/expressions/expression.ts";
import type { Json } from "../../../shared/expressions/json.ts";
import { MEANS } from "../../support/plan-graphs.ts";

const of = (id: string, kind: string, config: object = {}) => ({ id, kind, label: id, config });
const agent = (id: string, config: object = {}) => of(id, "agent", { agent_id: "agt_1", ...config });
const edge = (id: string, source: string, target: string, more: object = {}) => ({ id, source, target, ...more });
const plan = (nodes: object[], connections: object[]) => compilePlan(graphSchema.parse({ nodes, connections }));
const from = (...values: Json[]) => values.map((value, index) => ({ node_id: `n${index}`, value }));
const completed = (output: Json, handle = "output"): Outcome => ({ status: "completed", output, handle, blocked: [] });
const scope: Scope = { input: { id: "a/b", n: 2 }, run: { input: { who: "Ada" } }, steps: {} };

describe("a node's input", () => {
  it("is the run's input at the start, the value of one taken edge, an object by node id for several", () => {
    expect(mergedInput([], { a: 1 }, true)).toEqual({ a: 1 });
    expect(mergedInput(from("x"), {}, false)).toBe("x");
    expect(mergedInput(from("x", 2), {}, false)).toEqual({ n0: "x", n1: 2 });
  });
});

describe("merge concat", () => {
  it("joins texts, answers and other values as text, and lists as a list", () => {
    expect(concatenated(from("a", { text: "b" }, { text: "c", object: { x: 1 } }, { y: 2, x: 1 }, 3), "|")).toBe(
      'a|b|c|{"x":1,"y":2}|3',
    );
    expect(concatenated(from([1], [2, [3]]), "|")).toEqual([1, 2, [3]]);
    expect(concatenated(from([1], "a"), "|")).toBe("[1]|a");
    expect(concatenated([], "|")).toBe("");
  });
});

describe("merge_json", () => {
  it("merges objects deeply, the later winning, and loses nothing that is no object", () => {
    const merged = mergedJson(
      from(
        { a: { x: 1, y: 1 }, l: [1] },
        { a: { y: 2 }, l: [2] },
        "text",
        [3],
        { text: "said" },
        { text: "t", object: { b: 1 } },
      ),
    );
    expect(merged).toEqual({ a: { x: 1, y: 2 }, l: [2], n2: "text", n3: [3], n4: "said", b: 1 });
  });

  it("keeps a member named __proto__ a member", () => {
    const merged = mergedJson(from(JSON.parse('{"__proto__": {"polluted": true}}'), { a: 1 }));
    expect(Object.keys(merged as object)).toEqual(["__proto__", "a"]);
    expect(Reflect.get(Object.prototype, "polluted")).toBeUndefined();
  });
});

describe("outcomes", () => {
  const branches = { branches: [{ handle: "yes", condition: { path: "input.n", op: "gt", value: 1 } }], default: "no" };
  const routed = plan(
    [of("in", "input"), of("r", "router", branches), agent("a"), agent("b"), agent("c"), of("out", "output")],
    [
      edge("1", "in", "r"),
      edge("2", "r", "a", { source_handle: "yes" }),
      edge("3", "r", "b", { source_handle: "yes", condition: { path: "input.n", op: "gt", value: 5 } }),
      edge("4", "r", "c", { source_handle: "no" }),
      ...["a", "b", "c"].map((id) => edge(`${id}-out`, id, "out")),
    ],
  );
  const router = nodeNamed(routed, "r");
  const route = async (n: number) =>
    settle(router, 1, await runPure(routed, router, [], { ...scope, input: { n } }, MEANS));

  it("of a router take the first branch that holds, narrowed by conditions on its connections, and pass the input on", async () => {
    expect(resolutions(routed, router, await route(7))).toEqual({ taken: [1, 2], untaken: [3] });
    expect(resolutions(routed, router, await route(2))).toEqual({ taken: [1], untaken: [2, 3] });
    expect(resolutions(routed, router, await route(0))).toEqual({ taken: [3], untaken: [1, 2] });
    expect(await route(7)).toMatchObject({ status: "completed", handle: "yes", output: { n: 7 } });
  });

  it("of a skipped or failed node take no normal edge; a failure goes by the error edge with its code and node", () => {
    const caught = plan(
      [of("in", "input"), agent("a", { on_failure: "error_edge" }), of("out", "output"), of("bad", "output")],
      [edge("1", "in", "a"), edge("2", "a", "out"), edge("3", "a", "bad", { source_handle: "error" })],
    );
    const node = nodeNamed(caught, "a");
    const failure = settle(node, 1, { ok: false, error: { code: "broken", message: "no" } });
    expect(resolutions(caught, node, failure)).toEqual({ taken: [2], untaken: [1] });
    expect(edgeValue(node, failure)).toEqual({ error: { code: "broken", message: "no" }, node_id: "a" });
    expect(resolutions(caught, node, skipped)).toEqual({ taken: [], untaken: [1, 2] });
    expect(edgeTaken(caught, 1, completed("x"))).toBe(true);
  });

  it("of a failed node with a fallback are its fallback, by the default for a branching node", () => {
    const fallen = plan(
      [
        of("in", "input"),
        agent("a", { on_failure: "fallback", fallback: "sorry" }),
        of("r", "router", { ...branches, on_failure: "fallback", fallback: 0 }),
      ],
      [edge("1", "in", "a"), edge("2", "in", "r")],
    );
    const error = { code: "x", message: "x" };
    expect(settle(nodeNamed(fallen, "a"), 1, { ok: false, error })).toEqual({
      ...completed("sorry"),
      recovered_from: error,
    });
    expect(settle(nodeNamed(fallen, "r"), 1, { ok: false, error })).toMatchObject({ output: 0, handle: "no" });
  });

  it("make the run's output: one output's value, an object for several, null for none", () => {
    const two = plan(
      [of("in", "input"), of("x", "output"), of("y", "output")],
      [edge("1", "in", "x"), edge("2", "in", "y")],
    );
    const ordinal = (id: string) => nodeNamed(two, id).ordinal;
    expect(
      runOutput(
        two,
        new Map([
          [ordinal("x"), completed(1)],
          [ordinal("y"), completed(2)],
        ]),
      ),
    ).toEqual({ x: 1, y: 2 });
    expect(
      runOutput(
        two,
        new Map([
          [ordinal("x"), completed(1)],
          [ordinal("y"), skipped],
        ]),
      ),
    ).toBe(1);
    expect(
      runOutput(
        two,
        new Map([
          [ordinal("x"), skipped],
          [ordinal("y"), skipped],
        ]),
      ),
    ).toBeNull();
  });
});

describe("a scope", () => {
  it("holds the steps that a node names and no others, so that it does not depend on what else has finished", () => {
    const reading = plan(
      [
        of("in", "input"),
        agent("a"),
        agent("b"),
        of("t", "transform", { expression: "steps.a.output" }),
        of("out", "output"),
      ],
      [edge("1", "in", "a"), edge("2", "a", "b"), edge("3", "b", "t"), edge("4", "t", "out")],
    );
    const t = nodeNamed(reading, "t");
    const a = nodeNamed(reading, "a").ordinal;
    const b = nodeNamed(reading, "b").ordinal;
    expect([...outcomesNeeded(reading, t)].sort()).toEqual([a, b].sort());
    const outcomes = new Map([
      [a, completed("A")],
      [b, completed("B")],
    ]);
    expect(scopeOf(reading, t, 1, 2, outcomes)).toEqual({ input: 1, run: { input: 2 }, steps: { a: { output: "A" } } });
    expect(scopeOf(reading, t, 1, 2, new Map([[a, skipped]])).steps).toEqual({});
  });
});

describe("a router that draws", () => {
  const branches = [{ handle: "a" }, { handle: "b", weight: 3 }];
  const drawing = plan(
    [
      of("in", "input"),
      of("r", "router", { strategy: "random", branches }),
      agent("a"),
      agent("b"),
      of("out", "output"),
    ],
    [
      edge("1", "in", "r"),
      edge("2", "r", "a", { source_handle: "a" }),
      edge("3", "r", "b", { source_handle: "b", condition: { path: "input.n", op: "gt", value: 5 } }),
      ...["a", "b"].map((id) => edge(`${id}-out`, id, "out")),
    ],
  );
  const router = nodeNamed(drawing, "r");
  const draw = async (seed: string, n = 9) => {
    const outcome = settle(
      router,
      1,
      await runPure(drawing, router, [], { ...scope, input: { n } }, { ...MEANS, seed }),
    );
    if (outcome.status !== "completed") throw new Error(outcome.status);
    return outcome;
  };

  it("draws by weight, the same for the same run, says by which seed, and passes the input on", async () => {
    const made = await Promise.all(Array.from({ length: 2_000 }, (_, i) => draw(`run_${i}`)));
    const heavy = made.filter(({ handle }) => handle === "b").length;
    expect(heavy / 2_000).toBeGreaterThan(0.7);
    expect(heavy / 2_000).toBeLessThan(0.8);
    expect(await draw("run_7")).toEqual(made[7]);
    expect(made[7]).toMatchObject({ output: { n: 9 }, choice: { strategy: "random", seed: "run_7" } });
  });

  it("is narrowed by conditions on its connections, as every router", async () => {
    const seed = Array.from({ length: 99 }, (_, i) => `run_${i}`);
    const narrowed = (await Promise.all(seed.map((one) => draw(one, 1)))).find(({ handle }) => handle === "b");
    expect(narrowed?.blocked).toEqual([2]);
  });

  it("takes turns one after the other, and draws nothing where there is nothing", () => {
    expect([1, 2, 3, 4].map((turn) => inTurn(branches, turn))).toEqual(["a", "b", "a", "b"]);
    expect([inTurn([], 1), drawn([], "run_1", "r")]).toEqual([undefined, undefined]);
  });
});

describe("pure nodes", () => {
  const pure = async (
    kind: string,
    config: object,
    checkSchema: (schema: unknown, value: Json) => Promise<string | undefined> = MEANS.checkSchema,
  ) => {
    const one = plan(
      kind === "input" ? [of("n", kind, config)] : [of("in", "input"), of("n", kind, config)],
      kind === "input" ? [] : [edge("1", "in", "n")],
    );
    return runPure(one, nodeNamed(one, "n"), from("a", "b"), scope, { ...MEANS, checkSchema });
  };

  it.each([
    ["transform", { expression: "input.n * 2" }, 4],
    ["transform", { expression: "input.missing" }, null],
    ["output", {}, { id: "a/b", n: 2 }],
    ["output", { mapping: { who: "run.input.who" } }, { who: "Ada" }],
    ["merge", { separator: "+" }, "a+b"],
    ["input", { schema: { type: "object" } }, { id: "a/b", n: 2 }],
  ])("%s %j makes %j", async (kind, config, output) => {
    expect(await pure(kind, config)).toMatchObject({ ok: true, output });
  });

  it("fail with the code of their expression, and an input with what does not fit its schema", async () => {
    expect(await pure("transform", { expression: "input.id + 1" })).toMatchObject({
      ok: false,
      error: { code: "expression_failed" },
      retryable: false,
    });
    const misfit = await pure("input", { schema: { type: "string" } }, async () => "must be a string");
    expect(misfit).toMatchObject({ ok: false, error: { code: "input_invalid", message: "must be a string" } });
  });
});

describe("a task", () => {
  const task = async (config: object, world: Scope = scope) => {
    const [node] = graphSchema.parse({ nodes: [of("h", "http", config)], connections: [] }).nodes as Extract<
      GraphNode,
      { kind: "http" }
    >[];
    if (node === undefined) throw new Error("no node");
    return prepareTask(node, world);
  };
  const url = "https://api.example.com/orders/{{ input.id }}/lines";

  it("of kind http has its placeholders filled: data cannot leave its place in the address", async () => {
    const prepared = await task({
      method: "POST",
      url,
      query: { q: "input.n", l: "['x', 'y']", none: "input.missing" },
      headers: { "X-Who": "{{ run.input.who }}" },
      body: { n: "input.n" },
    });
    expect(prepared).toEqual({
      ok: true,
      task: {
        kind: "http",
        method: "POST",
        url: "https://api.example.com/orders/a%2Fb/lines?q=2&l=x&l=y",
        headers: { "X-Who": "Ada" },
        body: { n: 2 },
      },
    });
  });

  it.each(["..", ".", "\ud800"])("never climbs out of its path by the value %j", async (id) => {
    const prepared = await task({ url }, { ...scope, input: { id } });
    expect(prepared.ok).toBe(id === "\ud800");
    if (!prepared.ok) expect(prepared.error.code).toBe("url_invalid");
  });

  it("refuses header values with control characters and queries that are no object", async () => {
    const sneaky = { ...scope, input: { id: "a\r\nX-Admin: 1" } };
    expect(await task({ url: "https://a.example/", headers: { "X-Id": "{{ input.id }}" } }, sneaky)).toMatchObject({
      error: { code: "header_invalid" },
    });
    expect(await task({ url: "https://a.example/", query: "input.n" })).toMatchObject({
      error: { code: "query_invalid" },
    });
    expect(await task({ method: "POST", url: "https://a.example/", body: "input.id + 1" })).toMatchObject({
      error: { code: "expression_failed" },
    });
  });

  it("of kind agent gets its mapped input", async () => {
    const [node] = graphSchema.parse({
      nodes: [agent("a", { input_mapping: { q: "input.id" } })],
      connections: [],
    }).nodes;
    if (node?.kind !== "agent") throw new Error("no agent");
    expect(await prepareTask(node, scope)).toEqual({ ok: true, task: { kind: "agent", input: { q: "a/b" } } });
  });
});
