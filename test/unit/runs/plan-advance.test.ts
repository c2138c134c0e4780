import { describe, expect, it } from "vitest";
import { graphSchema } from "../../../functions/pipelines/graph/public.ts";
import { settle } from "../../../functions/runs/engine/rules/outcome.ts";
import {
  compilePlan,
  decide,
  END_ID,
  nodeAt,
  nodeNamed,
  resolveEdges,
  unresolved,
} from "../../../functions/runs/engine/rules/plan.ts";
import { executionName, firstTicket } from "../../../functions/runs/engine/rules/ticket.ts";
import { simulate } from "../../support/plan-simulate.ts";

const agent = (id: string, config: object = {}) => ({
  id,
  kind: "agent",
  label: id,
  config: { agent_id: "agt_1", ...config },
});
const of = (id: string, kind: string, config: object = {}) => ({ id, kind, label: id, config });
const edge = (source: string, target: string, source_handle = "output") => ({
  id: `${source}.${source_handle}.${target}`.replaceAll(".", "_"),
  source,
  source_handle,
  target,
});
const plan = (nodes: object[], connections: object[]) => compilePlan(graphSchema.parse({ nodes, connections }));
const answer = () => ({ ok: true, output: { text: "hello" } }) as const;
const times = <T>(count: number, make: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => make(index));

describe("the planner's worklist", () => {
  it("joins a fan of 300 agents once, with one write for each agent, and merges in the order of the connections", async () => {
    const ids = times(300, (i) => `a${i}`);
    const fan = plan(
      [of("in", "input"), ...ids.map((id) => agent(id)), of("join", "merge", { separator: "," }), of("out", "output")],
      [...ids.map((id) => edge("in", id)), ...ids.toReversed().map((id) => edge(id, "join")), edge("join", "out")],
    );
    const run = await simulate(fan, {}, ({ id }) => ({ ok: true, output: { text: id } }), { seed: 1 });
    expect(run.table.result).toEqual({ status: "completed", output: ids.toReversed().join(",") });
    expect(run.executions).toBe(300);
    // rights, begin, outcomes, work, commit and resolve for each agent; the rest is the fan itself.
    expect(run.operations).toBeLessThan(300 * 7 + 50);
  });

  it("skips an untaken branch of 300 nodes with few writes at the join", async () => {
    const ids = times(300, (i) => `a${i}`);
    const branches = [{ handle: "many", condition: { path: "input.go", op: "eq", value: true } }];
    const untaken = plan(
      [
        of("in", "input"),
        of("if", "router", { branches, default: "none" }),
        ...ids.map((id) => agent(id)),
        of("out", "output"),
      ],
      [
        edge("in", "if"),
        ...ids.map((id) => edge("if", id, "many")),
        ...ids.map((id) => edge(id, "out")),
        edge("if", "out", "none"),
      ],
    );
    const run = await simulate(untaken, { go: false }, answer, { seed: 1 });
    expect(run.table.result).toEqual({ status: "completed", output: { go: false } });
    expect(run.worked.size).toBe(0);
    expect([...run.table.final.values()].filter(({ status }) => status === "skipped")).toHaveLength(300);
    expect(run.operations).toBeLessThan(300 + 40);
  });

  it("runs 80 nested forks, each step once", async () => {
    const levels = times(80, (i) => i);
    const nested = plan(
      [
        of("in", "input"),
        ...levels.flatMap((i) => [agent(`f${i}`), agent(`s${i}`)]),
        of("join", "merge"),
        of("out", "output"),
      ],
      [
        edge("in", "f0"),
        ...levels.slice(1).map((i) => edge(`f${i - 1}`, `f${i}`)),
        ...levels.map((i) => edge(`f${i}`, `s${i}`)),
        ...levels.map((i) => edge(`s${i}`, "join")),
        edge("f79", "join"),
        edge("join", "out"),
      ],
    );
    const run = await simulate(nested, {}, answer, { seed: 3, faults: { rate: 0.05, most: 40 } });
    expect(run.table.result?.status).toBe("completed");
    expect(run.faults).toBe(40);
    expect([...run.table.final.keys()]).toHaveLength(163);
  });

  it("works off a chain of 2,000 pure nodes in bounded calls", async () => {
    const ids = times(2_000, (i) => `t${i}`);
    const chain = plan(
      [of("in", "input"), ...ids.map((id) => of(id, "transform", { expression: "input + 1" })), of("out", "output")],
      [edge("in", "t0"), ...ids.slice(1).map((id, i) => edge(`t${i}`, id)), edge("t1999", "out")],
    );
    const run = await simulate(chain, 0, answer, { seed: 1, budget: 100 });
    expect(run.table.result).toEqual({ status: "completed", output: 2_000 });
    expect(run.executions).toBe(1);
  });

  it("gives a failed run when nothing but the failing branch is left, and an output of null when no output is reached", async () => {
    const failing = plan([of("in", "input"), agent("a"), of("out", "output")], [edge("in", "a"), edge("a", "out")]);
    const error = { code: "broken", message: "no" };
    const failed = await simulate(failing, {}, () => ({ ok: false, error }), { seed: 1 });
    expect(failed.table.result).toEqual({ status: "failed", error, node_id: "a" });
    const onlyErrors = plan(
      [of("in", "input"), agent("a", { on_failure: "error_edge" }), of("out", "output")],
      [edge("in", "a"), edge("a", "out", "error")],
    );
    const fine = await simulate(onlyErrors, {}, answer, { seed: 1 });
    expect(fine.table.result).toEqual({ status: "completed", output: null });
    const caught = await simulate(onlyErrors, {}, () => ({ ok: false, error }), { seed: 1 });
    expect(caught.table.result).toEqual({ status: "completed", output: { error, node_id: "a" } });
  });

  it("tries again with doubled pauses as often as the policy says, and not for failures that would repeat", () => {
    const retry = plan(
      [of("in", "input"), agent("a", { retry: { max_attempts: 3, backoff_ms: 100 } })],
      [edge("in", "a")],
    );
    const failure = { ok: false, error: { code: "x", message: "x" } } as const;
    const attempt = (n: number) => settle(nodeNamed(retry, "a"), n, failure);
    expect(attempt(1)).toMatchObject({ status: "retrying", retry_in_ms: 100 });
    expect(attempt(2)).toMatchObject({ status: "retrying", retry_in_ms: 200 });
    expect(attempt(3)).toMatchObject({ status: "failed" });
    expect(settle(nodeNamed(retry, "a"), 1, { ...failure, retryable: false }).status).toBe("failed");
  });
});

describe("a plan", () => {
  const nodes = [of("in", "input"), agent("b"), agent("a"), of("out", "output")];
  const connections = [edge("in", "a"), edge("in", "b"), edge("a", "out")];

  it("is the same whatever the order of the nodes", () => {
    expect(plan(nodes, connections)).toEqual(plan(nodes.toReversed(), connections));
  });

  it("joins every sink in the end", () => {
    const compiled = plan(nodes, connections);
    const end = nodeAt(compiled, compiled.end);
    expect(end.id).toBe(END_ID);
    expect(end.incoming.map((ordinal) => compiled.nodes[compiled.edges[ordinal]?.source ?? -1]?.id)).toEqual([
      "b",
      "out",
    ]);
  });

  it("is refused for graphs whose run would not end or not begin", () => {
    expect(() => plan([agent("a")], [])).toThrow("exactly one input");
    expect(() => plan([...nodes, of("in2", "input")], connections)).toThrow("exactly one input");
    expect(() => plan(nodes, [...connections, edge("a", "b"), edge("b", "a")])).toThrow("cycle");
    expect(() => plan(nodes, [...connections, edge("a", "gone")])).toThrow("connections");
  });

  it("names executions alike for the same ticket and differently for others, within the service's limit", () => {
    const compiled = plan(nodes, connections);
    const run = "run_01JDQ4X0Z5V8W3N7K2M9R6T1BC";
    const tickets = [
      firstTicket(compiled),
      { node: "a", attempt: 1 },
      { node: "a", attempt: 2 },
      { node: "b", attempt: 1 },
      { resume: [[1, 2]] as const },
      { resume: [[1, 3]] as const },
    ];
    const names = tickets.map((ticket) => executionName(run, compiled, ticket));
    expect(new Set(names).size).toBe(tickets.length);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,80}$/);
    expect(executionName(run, compiled, { node: "a", attempt: 1 })).toBe(names[1]);
  });
});

describe("resolving edges", () => {
  const join = nodeNamed(
    plan(
      [of("in", "input"), agent("a"), agent("b"), of("join", "merge"), of("out", "output")],
      [edge("in", "a"), edge("in", "b"), edge("a", "join"), edge("b", "join"), edge("join", "out")],
    ),
    "join",
  );
  const [first = -1, second = -1] = join.incoming;

  it("belongs to the edge that completed the step, however often either edge is resolved again", () => {
    const one = { taken: [first], untaken: [] };
    const two = { taken: [], untaken: [second] };
    const half = resolveEdges(unresolved, one);
    expect(decide(join, half, one)).toBe("waiting");
    const whole = resolveEdges(half, two);
    expect(decide(join, whole, two)).toBe("ready");
    const again = resolveEdges(resolveEdges(whole, one), two);
    expect(again).toEqual(whole);
    expect(decide(join, again, one)).toBe("others");
  });

  it("skips when no edge was taken", () => {
    const both = { taken: [], untaken: [first, second] };
    expect(decide(join, resolveEdges(unresolved, both), both)).toBe("skip");
  });
});
