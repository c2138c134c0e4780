import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { indexGraph, topologicalOrder } from "../../../functions/pipelines/graph/rules/graph-index.ts";
import { type Graph, nodeSchema } from "../../../functions/pipelines/graph/rules/nodes.ts";
import { flowOf } from "../../../functions/pipelines/graph/rules/types/flow.ts";
import { atPath } from "../../../functions/pipelines/graph/rules/types/scope.ts";
import { ANY, literal, meet } from "../../../functions/pipelines/graph/rules/types/shape.ts";
import { validateGraph } from "../../../functions/pipelines/graph/rules/validate.ts";
import { compilePlan } from "../../../functions/runs/engine/rules/plan.ts";
import { expectedRun, graphs, type TestWork, workOf } from "../../support/plan-graphs.ts";

const node = (id: string, kind: string, config: object = {}) =>
  nodeSchema.parse({
    id,
    kind,
    label: id.toUpperCase(),
    config: kind === "agent" ? { agent_id: id, ...config } : config,
  });
const graph = (nodes: Graph["nodes"], wires: string[]): Graph => ({
  nodes,
  connections: wires.map((text) => {
    const [, source = "", handle, target = ""] = /^([^.>]+)(?:\.([^>]+))?>(.+)$/.exec(text) ?? [];
    return {
      id: text.replace(/[.>]/g, "-"),
      source,
      target,
      ...(handle === undefined ? {} : { source_handle: handle }),
    };
  }),
});
const order = {
  type: "object",
  properties: {
    total: { type: "number", maximum: 1_000 },
    kind: { enum: ["book", "film"] },
    items: {
      type: "array",
      items: { type: "object", properties: { price: { type: "number" } }, additionalProperties: false },
    },
    note: { type: "string" },
  },
  additionalProperties: false,
};
const verdict = {
  type: "object",
  properties: { verdict: { type: "string" } },
  required: ["verdict"],
  additionalProperties: false,
};
const answers = new Map<string, unknown>([
  ["judge/", verdict],
  ["judge/2", { type: "object" }],
  ["writer/", null],
]);
const agents = new Map(["judge", "writer", "unknown"].map((id) => [id, { status: "active" as const }]));
const typeCodes = ["path_never_there", "condition_never_holds", "value_type_mismatch"];
const found = (value: Graph) => {
  const { errors, warnings } = validateGraph(value, { pattern: "custom", agents, answers });
  expect(errors.filter(({ code }) => code === "condition_never_holds")).toEqual([]);
  return [...errors, ...warnings].filter(({ code }) => typeCodes.includes(code));
};
const inputNode = node("in", "input", { schema: order });
const output = (mapping?: unknown) => node("out", "output", mapping === undefined ? {} : { mapping });

/** A graph of one node between input and output. */
const alone = (kind: string, config: object = {}, mapping?: unknown) =>
  graph([inputNode, node("n", kind, config), output(mapping)], ["in>n", "n>out"]);
const behind = (agent: string, mapping: unknown, config: object = {}) =>
  graph([inputNode, node(agent, "agent", config), output(mapping)], [`in>${agent}`, `${agent}>out`]);
const choosing = (condition: object) =>
  graph(
    [inputNode, node("c", "condition", { branches: [{ handle: "yes", condition }], default: "no" }), output()],
    ["in>c", "c.yes>out", "c.no>out"],
  );

describe("typed edges", () => {
  it.each<[string, Graph, string, string | undefined]>([
    [
      "a member that the input has not",
      alone("transform", { expression: "input.totl * 2" }),
      "path_never_there",
      "input.totl",
    ],
    [
      "a member of the members of a list",
      alone("transform", { expression: "$sum(input.items.cost)" }),
      "path_never_there",
      "input.items.cost",
    ],
    [
      "a member of a text",
      alone("transform", { expression: '{"a": input.note.length}' }),
      "path_never_there",
      "input.note.length",
    ],
    [
      "a path from nowhere",
      alone("agent", { agent_id: "writer", input_mapping: { message: "note" } }),
      "path_never_there",
      "note",
    ],
    ["what an agent does not emit", behind("writer", { answer: "input.answer" }), "path_never_there", "input.answer"],
    [
      "the object of an agent that has none",
      behind("writer", { a: "input.object.verdict" }),
      "path_never_there",
      "input.object",
    ],
    [
      "a member that its answers cannot have",
      behind("judge", "steps.judge.output.object.grade"),
      "path_never_there",
      "steps.judge.output.object.grade",
    ],
    [
      "a step's other things than its output",
      behind("judge", "steps.judge.text"),
      "path_never_there",
      "steps.judge.text",
    ],
    ["a placeholder", alone("http", { url: "https://a.example/{{ input.id }}" }), "path_never_there", "input.id"],
    [
      "what a mapping before it does not make",
      graph(
        [inputNode, node("t", "transform", { expression: '{"sum": input.total}' }), output("input.total")],
        ["in>t", "t>out"],
      ),
      "path_never_there",
      "input.total",
    ],
    [
      "what neither of two alternatives has",
      graph(
        [
          inputNode,
          node("writer", "agent"),
          node("judge", "agent"),
          node("m", "merge", { strategy: "merge_json" }),
          output("input.grade"),
        ],
        ["in>writer", "in>judge", "writer>m", "judge>m", "m>out"],
      ),
      "path_never_there",
      "input.grade",
    ],
    [
      "a ballot that nobody can cast",
      graph(
        [
          inputNode,
          node("writer", "agent"),
          node("judge", "agent"),
          node("v", "synthesizer", { of: "object.grade" }),
          output(),
        ],
        ["in>writer", "in>judge", "writer>v", "judge>v", "v>out"],
      ),
      "path_never_there",
      "object.grade",
    ],
    [
      "a failure's other members",
      graph(
        [
          inputNode,
          node("writer", "agent", { on_failure: "error_edge" }),
          output(),
          node("bad", "output", { mapping: "input.message" }),
        ],
        ["in>writer", "writer>out", "writer.error>bad"],
      ),
      "path_never_there",
      "input.message",
    ],
    [
      "a condition on what is not there",
      choosing({ path: "input.price", op: "gt", value: 3 }),
      "condition_never_holds",
      "input.price",
    ],
    [
      "a condition on a text as a number",
      choosing({ path: "input.note", op: "gt", value: 3 }),
      "condition_never_holds",
      "input.note",
    ],
    [
      "a value that is none of the possible",
      choosing({ path: "input.kind", op: "eq", value: "game" }),
      "condition_never_holds",
      "input.kind",
    ],
    [
      "a number beyond the largest",
      choosing({
        all: [
          { path: "input.total", op: "gt", value: 2_000 },
          { path: "input.note", op: "exists" },
        ],
      }),
      "condition_never_holds",
      "input.total",
    ],
    [
      "no query of parameters",
      alone("http", { url: "https://a.example/", query: "input.note" }),
      "value_type_mismatch",
      undefined,
    ],
    ["a number as a time", alone("wait", { until: "input.total" }), "value_type_mismatch", undefined],
    [
      "a mean of lists",
      graph(
        [
          inputNode,
          node("t", "transform", { expression: "true" }),
          node("m", "merge", { strategy: "average" }),
          output(),
        ],
        ["in>t", "t>m", "m>out"],
      ),
      "none",
      undefined,
    ],
  ])("finds %s", (_, value, code, path) => {
    const errors = found(value);
    if (code === "none") expect(errors).toEqual([]);
    else expect(errors).toEqual([expect.objectContaining({ code, ...(path === undefined ? {} : { path }) })]);
  });

  it("says what there is, what is read and what to do", () => {
    expect(found(behind("writer", { answer: "input.answer" }))).toEqual([
      {
        code: "path_never_there",
        message:
          'mapping.answer of "OUT" (out) reads input.answer, where there is never anything. At input there is {text, object}. Correct the path, or what comes before.',
        node_ids: ["out"],
        connection_ids: [],
        path: "input.answer",
      },
    ]);
    expect(found(choosing({ path: "input.kind", op: "eq", value: "game" }))).toEqual([
      {
        code: "condition_never_holds",
        message:
          'branches.0.condition of "C" (c) can never hold: input.kind is text, of which none is eq "game". Correct or remove it.',
        node_ids: ["c"],
        connection_ids: [],
        handle: "yes",
        path: "input.kind",
      },
    ]);
  });

  it.each<[string, Graph]>([
    ["what may be there", alone("transform", { expression: "input.total" })],
    ["what is asked for first", alone("transform", { expression: "$exists(input.text) ? input.text : input.note" })],
    ["alternatives in a text", alone("transform", { expression: "input.text & input.note" })],
    ["alternatives in a list", alone("transform", { expression: "[input.text, input.note]" })],
    ["members of what is not described", graph([node("in", "input"), output("input.a.b.c")], ["in>out"])],
    ["an agent whose answers are not known", behind("unknown", "input.object.x.y")],
    ["a version of its own", behind("judge", "input.object.grade", { version: 2 })],
    ["what a fallback brings", behind("writer", "input.answer", { on_failure: "fallback", fallback: { answer: 1 } })],
    ["an answer's object that is described", behind("judge", "input.object.verdict")],
    [
      "one of several inputs, by its node",
      graph(
        [
          inputNode,
          node("writer", "agent"),
          node("judge", "agent"),
          output({ a: "input.writer.text", b: "input.judge.object.verdict", c: "input.text" }),
        ],
        ["in>writer", "in>judge", "writer>out", "judge>out"],
      ),
    ],
    ["what every object has of itself", alone("transform", { expression: "input.toString" })],
    ["a condition that asks whether something is not there", choosing({ not: { path: "input.price", op: "exists" } })],
    [
      "a condition of alternatives",
      choosing({
        any: [
          { path: "input.price", op: "gt", value: 3 },
          { path: "input.total", op: "gt", value: 3 },
        ],
      }),
    ],
    ["another value than what is missing", choosing({ path: "input.price", op: "ne", value: 3 })],
    [
      "a switch that is a constant",
      graph(
        [
          node("in", "input"),
          node("t", "transform", { expression: '{"mode": "fast"}' }),
          node("c", "condition", {
            branches: [{ handle: "slow", condition: { path: "input.mode", op: "eq", value: "slow" } }],
            default: "no",
          }),
          output(),
        ],
        ["in>t", "t>c", "c.slow>out", "c.no>out"],
      ),
    ],
    [
      "a ballot that one can cast",
      graph(
        [
          inputNode,
          node("writer", "agent"),
          node("judge", "agent"),
          node("v", "synthesizer", { of: "object.verdict" }),
          output("input.tally.votes"),
        ],
        ["in>writer", "in>judge", "writer>v", "judge>v", "v>out"],
      ),
    ],
    ["the status of an answer", alone("http", { url: "https://a.example/" }, { s: "input.status", b: "input.body.a" })],
    [
      "a failure",
      graph(
        [
          inputNode,
          node("writer", "agent", { on_failure: "error_edge" }),
          output(),
          node("bad", "output", { mapping: "input.error.message" }),
        ],
        ["in>writer", "writer>out", "writer.error>bad"],
      ),
    ],
    [
      "a schema that contradicts itself, or what follows of it",
      graph([node("in", "input", { schema: false }), output("input.a")], ["in>out"]),
    ],
    [
      "the run's input when the input node may fail",
      graph(
        [node("in", "input", { schema: order, on_failure: "fallback", fallback: null }), output("run.input.other")],
        ["in>out"],
      ),
    ],
  ])("says nothing of %s", (_, value) => {
    expect(found(value)).toEqual([]);
  });
});

describe("what flows in a run of any graph", () => {
  const work = workOf({ fatal: false });
  /** Work whose outputs are as the kinds say: the graphs' own is only numbers. */
  const faithful: TestWork = (node, ...rest) => {
    const result = work(node, ...rest);
    if (!("ok" in result && result.ok)) return result;
    // What they emit is their input, which this work does not have.
    if (node.node?.kind === "wait" || node.node?.kind === "router")
      return { ok: false, error: { code: "not_here", message: "" }, retryable: false };
    if (node.node?.kind === "agent" || node.node?.kind === "merge" || node.node?.kind === "synthesizer")
      return { ...result, output: { text: "said", object: { k: 1 } } };
    if (node.node?.kind === "supervisor") {
      const delegation = {
        round: 1,
        worker: null,
        agent_id: null,
        task: "t",
        run_id: null,
        outcome: "failed",
        text: "",
      };
      return {
        ...result,
        output: { text: "said", delegations: [delegation], reasons: ["r"], rounds: 1, stopped_by: "supervisor" },
      };
    }
    if (node.node?.kind === "http") return { ...result, output: { status: 200, headers: {}, body: result.output } };
    return result;
  };

  it("is in the shapes that were foreseen, and what can never be found or hold is not", async () => {
    const seen = { outputs: 0, closed: 0, never: 0 };
    const cases = fc.record({ graph: graphs, k: fc.integer({ min: -2, max: 12 }) });
    await fc.assert(
      fc.asyncProperty(cases, async ({ graph: value, k }) => {
        const plan = compilePlan(value);
        const { outcomes } = await expectedRun(plan, { k }, faithful);
        const index = indexGraph(value);
        const flow = flowOf(index, topologicalOrder(index), new Map([["agt_1/", { type: "object" }]]));
        for (const [id, outcome] of outcomes) {
          if (outcome.status !== "completed") continue;
          const shape = atPath(flow.scope(0, [id]), `steps.${id}.output`);
          if ("path" in shape) throw new Error(`${id} has an output`);
          seen.outputs++;
          if (shape !== ANY) seen.closed++;
          expect([id, outcome.output, meet(shape, literal(outcome.output))]).not.toEqual([id, outcome.output, []]);
        }
        const { warnings } = validateGraph(value, { pattern: "custom", agents, answers: new Map() });
        for (const { code, node_ids, handle } of warnings) {
          if (code !== "condition_never_holds") continue;
          seen.never++;
          const outcome = outcomes.get(node_ids[0] ?? "");
          if (outcome?.status === "completed") expect(outcome.handle).not.toBe(handle);
        }
      }),
      { numRuns: 150 },
    );
    expect(Math.min(seen.outputs, seen.closed, seen.never)).toBeGreaterThan(50);
  });
});
