import { describe, expect, it } from "vitest";
import { type Graph, graphSchema } from "../../../functions/pipelines/graph/rules/nodes.ts";
import { requireGraphContents, requireNodeContents, validated } from "../../../functions/pipelines/graph/run.ts";
import { isSmall } from "../../../shared/bounded/size.ts";
import { trusted } from "../../../shared/bounded/trusted.ts";
import { Problem } from "../../../shared/errors.ts";

const branching = (id: string, pattern: string) => ({
  id,
  kind: "condition",
  label: id,
  config: { branches: [{ handle: "yes", condition: { path: "input.text", op: "matches", value: pattern } }] },
});
const graphOf = (patterns: readonly string[]): Graph =>
  trusted(() =>
    graphSchema.parse({ nodes: patterns.map((pattern, i) => branching(`n${i}`, pattern)), connections: [] }),
  );

const refusal = async (check: Promise<unknown>) => {
  const problem = await check.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(problem instanceof Problem)) throw new Error("nothing was refused");
  return problem;
};

describe("patterns and schemas inside a graph", () => {
  it("are compiled when a graph is checked, not when a stored one is read", () => {
    const sent = { nodes: [branching("n", "(")], connections: [] };
    expect(graphSchema.safeParse(sent).success).toBe(false);
    expect(trusted(() => graphSchema.safeParse(sent)).success).toBe(true);
  });

  it.each([1, 600])("are refused with their places in a graph of %i more nodes", async (more) => {
    const graph = graphOf([...Array.from({ length: more }, (_, i) => `^a${i}$`), "(", "[a-"]);
    expect(isSmall(graph, 20_000)).toBe(more === 1);
    const { status, options } = await refusal(requireGraphContents(graph));
    expect(status).toBe(422);
    expect(options.issues?.map(({ path }) => path)).toEqual(
      [more, more + 1].map((i) => `nodes.${i}.config.branches.0.condition.value`),
    );
    await requireGraphContents(graphOf(["^ok$"]));
  });

  it("are refused with a node's own places where one node was sent", async () => {
    const [node] = graphOf(["("]).nodes;
    if (node === undefined) throw new Error("no node");
    expect((await refusal(requireNodeContents(node))).options.issues?.[0]?.path).toBe(
      "config.branches.0.condition.value",
    );
  });

  it("of a large graph are found by its validation in a thread of its own, as of a small one", async () => {
    const facts = { pattern: "sequential", agents: new Map(), answers: new Map() } as const;
    const found = async (count: number) => {
      const graph = graphOf(Array.from({ length: count }, (_, i) => `^a${i}$`));
      const { valid, errors } = await validated(graph, facts);
      return [valid, errors[0]?.code];
    };
    expect(await found(800)).toEqual(await found(2));
  });
});
