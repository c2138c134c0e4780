import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { patternNames } from "../../../functions/pipelines/graph/rules/patterns.ts";
import { validateGraph } from "../../../functions/pipelines/graph/rules/validate.ts";
import { positionsSchema } from "../../../functions/pipelines/layout/rules/positions.ts";
import { type PatternParts, patternPartsSchema } from "../../../functions/pipelines/patterns/model.ts";
import { drawPattern } from "../../../functions/pipelines/patterns/rules/draw.ts";
import { placed } from "../../../functions/pipelines/patterns/rules/place.ts";

const agentId = (n: number) => `agt_01JDQ4X0Z5V8W3N7K2M9R6T1${"ABCDEFGHJKMNPQRSTVWXYZ"[n % 22]}C`;
const agent = (n: number) => ({ agent_id: agentId(n) });
const some = (min: number, max: number) =>
  fc.integer({ min, max }).map((count) => Array.from({ length: count }, (_, i) => agent(i)));
const rounds = fc.integer({ min: 1, max: 5 });
const until = { path: "input.solved", op: "eq", value: true };
const handles = fc.uniqueArray(fc.stringMatching(/^[a-z][a-z0-9-]{0,63}$/), { minLength: 2, maxLength: 9 });

const routed = handles.chain((names) =>
  fc.constantFrom("conditional", "semantic", "round_robin", "random").map((strategy) => ({
    name: "router",
    strategy,
    routes: names
      .filter((handle) => handle !== "default" && handle !== "error")
      .map((handle, i) => ({
        handle,
        agent: agent(i),
        ...(strategy === "conditional" ? { condition: until } : {}),
        ...(strategy === "semantic" ? { description: "When it fits." } : {}),
      })),
    ...(strategy === "semantic" ? { router: agent(20) } : {}),
    ...(strategy === "conditional" || strategy === "semantic" ? { default: agent(21) } : {}),
  })),
);

const parts: Record<string, fc.Arbitrary<object>> = {
  sequential: some(2, 10).map((agents) => ({ agents })),
  parallel: fc
    .tuple(some(2, 20), fc.boolean())
    .map(([agents, judged]) => ({ agents, ...(judged ? { judge: agent(21) } : {}) })),
  router: routed,
  supervisor: fc
    .tuple(some(2, 20), fc.constantFrom("semantic", "round_robin", "capability"), fc.integer({ min: 1, max: 10 }))
    .map(([agents, selection, n]) => ({
      supervisor: agent(21),
      workers: agents.map(({ agent_id }, i) => ({
        agent_id,
        ...(i % 2 ? {} : { name: `w-${i}`, description: "It does." }),
      })),
      selection,
      max_rounds: n,
      max_workers: 11 - n,
    })),
  ensemble: some(3, 9).map((agents) => ({ agents, synthesizer: agent(21) })),
  blackboard: fc
    .tuple(some(2, 10), fc.integer({ min: 2, max: 5 }))
    .map(([agents, n]) => ({ agents, rounds: n, until })),
  consensus: some(3, 10).map((agents) => ({ agents, of: "object.verdict", quorum: 2 })),
  debate: rounds.map((n) => ({ for: agent(0), against: agent(1), judge: agent(2), rounds: n })),
  handoff: some(2, 5).map((agents) => ({ agents })),
};
const parsed = (name: string, given: object): PatternParts => patternPartsSchema.parse({ name, ...given });
const facts = (pattern: PatternParts["name"]) => ({
  pattern,
  answers: new Map(),
  agents: new Map(Array.from({ length: 22 }, (_, i) => [agentId(i), { status: "active" as const }])),
});

describe("the graph of a pattern", () => {
  it("is there for every pattern", () => {
    expect([...Object.keys(parts), "custom"].sort()).toEqual([...patternNames].sort());
  });

  it.each(Object.entries(parts))(
    "%s is valid, without a warning, whatever agents and options it has",
    (name, given) => {
      fc.assert(
        fc.property(given, (one) => {
          const pattern = parsed(name, one);
          const { errors, warnings } = validateGraph(drawPattern(pattern), facts(pattern.name));
          expect([...errors, ...warnings]).toEqual([]);
        }),
        { numRuns: 60 },
      );
    },
  );

  it.each(Object.entries(parts))("%s has a place for each node, no two at the same", (name, given) => {
    fc.assert(
      fc.property(given, (one) => {
        const graph = drawPattern(parsed(name, one));
        const places = placed(graph);
        expect(positionsSchema.safeParse(places).success).toBe(true);
        expect(Object.keys(places).sort()).toEqual(graph.nodes.map(({ id }) => id).sort());
        expect(new Set(Object.values(places).map(({ x, y }) => `${x}/${y}`)).size).toBe(graph.nodes.length);
      }),
      { numRuns: 30 },
    );
  });
});

describe("the parts of a pattern", () => {
  const problems = (given: object) =>
    patternPartsSchema.safeParse(given).error?.issues.map(({ path }) => path.join(".")) ?? [];
  const two = [
    { handle: "a", agent: agent(0) },
    { handle: "b", agent: agent(1) },
  ];

  it.each([
    ["too few agents", { name: "consensus", agents: [agent(0), agent(1)] }, ["agents"]],
    ["what the pattern has not", { name: "sequential", agents: [agent(0), agent(1)], rounds: 2 }, [""]],
    [
      "a quorum that there never is",
      { name: "consensus", agents: [agent(0), agent(1), agent(2)], quorum: 4 },
      ["quorum"],
    ],
    ["a debate without judge", { name: "debate", for: agent(0), against: agent(1) }, ["judge"]],
    ["no pattern", { name: "custom", agents: [agent(0), agent(1)] }, ["name"]],
    ["a supervisor with one worker", { name: "supervisor", supervisor: agent(0), workers: [agent(1)] }, ["workers"]],
    [
      "workers of one name",
      { name: "supervisor", supervisor: agent(0), workers: [{ ...agent(1), name: "worker_2" }, agent(2)] },
      ["workers"],
    ],
    [
      "routes without conditions and default",
      { name: "router", routes: two },
      ["routes.0.condition", "routes.1.condition", "default"],
    ],
    [
      "routes by meaning without router",
      {
        name: "router",
        strategy: "semantic",
        default: agent(2),
        routes: two.map((one) => ({ ...one, description: "x" })),
      },
      ["router"],
    ],
    ["a handle twice", { name: "router", strategy: "random", routes: [two[0], two[0]] }, ["routes.1.handle"]],
    ["one way to go", { name: "router", strategy: "random", routes: [two[0]] }, ["routes"]],
    [
      "a default where all have a turn",
      { name: "router", strategy: "round_robin", routes: two, default: agent(2) },
      ["default"],
    ],
  ])("are refused with %s", (_, given, paths) => {
    expect(problems(given)).toEqual(paths);
  });
});
