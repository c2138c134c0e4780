import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { graphSchema } from "../../../functions/pipelines/graph/public.ts";
import { average, vote } from "../../../functions/runs/engine/rules/tally.ts";
import { canonicalJson, type Json } from "../../../shared/expressions/json.ts";

/** A config as a saved graph holds it. */
const config = (strategy: "vote" | "average", more: object = {}) => {
  const node = { id: "n", kind: "synthesizer", label: "n", config: { strategy, ...more } };
  const [parsed] = graphSchema.parse({ nodes: [node], connections: [] }).nodes;
  if (parsed?.kind !== "synthesizer") throw new Error("it is another kind");
  return parsed.config;
};
const from = (...values: Json[]) => values.map((value, index) => ({ node_id: `n${index}`, value }));
const voted = (values: Json[], more?: object) => vote(from(...values), config("vote", more));
const averaged = (values: Json[], more?: object) => average(from(...values), config("average", more));
const code = (result: ReturnType<typeof vote>) => (result.ok ? undefined : result.error.code);

describe("a vote", () => {
  it("says who chose what, by votes and then by who was first", () => {
    expect(voted([{ text: " no " }, "yes", { text: "yes" }, "maybe"])).toEqual({
      ok: true,
      output: {
        choice: "yes",
        votes: 2,
        ballots: 4,
        tally: [
          { choice: "yes", votes: 2, nodes: ["n1", "n2"] },
          { choice: "no", votes: 1, nodes: ["n0"] },
          { choice: "maybe", votes: 1, nodes: ["n3"] },
        ],
      },
    });
  });

  it("reads the ballot at its path; who has none there abstains", () => {
    const answers = [{ text: "a", object: { verdict: "ship" } }, { text: "b", object: { verdict: null } }, "hm"];
    expect(voted(answers, { of: "object.verdict" })).toMatchObject({
      ok: true,
      output: { choice: "ship", ballots: 1 },
    });
    expect(code(voted(answers, { of: "object.verdict", quorum: 2 }))).toBe("no_quorum");
    expect(code(voted([], {}))).toBe("no_quorum");
  });

  it.each([
    [["a", "b"], { ties: "fail" }, "tie"],
    [["a", "a", "b", "b", "c"], { ties: "fail" }, "tie"],
    [["a", "a", "b"], { ties: "fail" }, undefined],
    [["a", "b"], { winner: "majority" }, "no_majority"],
    [["a", "a", "b", "c"], { winner: "majority" }, "no_majority"],
    [["a", "a", "b"], { winner: "majority" }, undefined],
    [["a", "b"], { quorum: 3 }, "no_quorum"],
  ])("%j under %j: %s", (ballots, more, expected) => {
    expect(code(voted(ballots, more))).toBe(expected);
  });

  it("tells a number from its text, and objects from others, whatever the order of their members", () => {
    const result = voted([1, "1", { a: 1, b: 2 }, { b: 2, a: 1 }]);
    expect(result).toMatchObject({ ok: true, output: { choice: { a: 1, b: 2 }, votes: 2 } });
  });

  it("whatever is voted: no ballot is lost, nobody has more votes than the choice, and order decides only among equals", () => {
    const ballot = fc.oneof(fc.constantFrom("a", "b", "c"), fc.integer({ min: 0, max: 2 }), fc.constant(null));
    fc.assert(
      fc.property(fc.array(ballot, { minLength: 1, maxLength: 40 }), (ballots) => {
        const result = voted(ballots);
        const cast = ballots.filter((one) => one !== null);
        if (!result.ok) {
          expect(cast).toEqual([]);
          return;
        }
        const { choice, votes, tally } = result.output as {
          choice: Json;
          votes: number;
          tally: { votes: number; nodes: string[] }[];
        };
        expect(tally.flatMap(({ nodes }) => nodes).sort()).toEqual(
          ballots.flatMap((one, index) => (one === null ? [] : [`n${index}`])).sort(),
        );
        const count = (of: Json) => cast.filter((one) => canonicalJson(one) === canonicalJson(of)).length;
        expect(votes).toBe(Math.max(...cast.map(count)));
        expect(choice).toEqual(cast.find((one) => count(one) === votes));
      }),
    );
  });
});

describe("an average", () => {
  it.each([
    [[1, 2, 6], {}, 3],
    [["4", { text: "5" }, " 6 "], {}, 5],
    [
      [
        { text: "t", object: { score: 8, risk: 0.5, why: 1 } },
        { object: 1, score: 6, risk: 0.25 },
      ],
      {},
      { score: 7, risk: 0.375 },
    ],
    [
      [
        { text: "x", object: { score: 1 } },
        { text: "x", object: { score: 2 } },
      ],
      { of: "object.score" },
      1.5,
    ],
    [[Number.MAX_VALUE, Number.MAX_VALUE], {}, Number.MAX_VALUE],
  ])("of %j under %j is %j", (values, more, expected) => {
    expect(averaged(values as Json[], more)).toEqual({ ok: true, output: expected });
  });

  it("lies between the least and the greatest, so that of equal numbers it is that number", () => {
    const number = fc.double({ noNaN: true, noDefaultInfinity: true });
    const mean = (numbers: number[]) => (averaged(numbers) as { output: number }).output;
    fc.assert(
      fc.property(fc.array(number, { minLength: 1, maxLength: 20 }), (numbers) => {
        expect(mean(numbers)).toBeGreaterThanOrEqual(Math.min(...numbers));
        expect(mean(numbers)).toBeLessThanOrEqual(Math.max(...numbers));
      }),
    );
    fc.assert(
      fc.property(number, fc.integer({ min: 1, max: 20 }), (one, times) => {
        expect(mean(Array.from({ length: times }, () => one)) === one).toBe(true);
      }),
    );
    expect(mean([0.1, 0.1, 0.1])).toBe(0.1);
  });

  it.each([
    [[1, "many"], "not_a_number"],
    [[1, "0x10"], "not_a_number"],
    [[1, { a: 1 }], "not_a_number"],
    [[{ a: "x" }, { a: 1 }], "not_a_number"],
    [[], "no_quorum"],
    [[null], "no_quorum"],
  ])("of %j fails: %s", (values, expected) => {
    expect(code(averaged(values as Json[]))).toBe(expected);
  });
});

it("what a strategy does not look at is refused with it, not ignored", () => {
  const issues = (more: object) =>
    graphSchema
      .safeParse({ nodes: [{ id: "n", kind: "merge", label: "n", config: more }], connections: [] })
      .error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
  expect(issues({ quorum: 2 })).toEqual([
    "nodes.0.config.quorum: is used only under strategy vote, average, or summarize",
  ]);
  expect(issues({ strategy: "average", ties: "first" })).toEqual([
    "nodes.0.config.ties: is used only under strategy vote",
  ]);
  expect(issues({ strategy: "vote", of: "object..x" })?.[0]).toMatch(/^nodes.0.config.of: must be names/);
});
