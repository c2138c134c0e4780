import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Capability } from "../../../functions/agents/public.ts";
import { nodeSchema } from "../../../functions/pipelines/graph/public.ts";
import {
  bestFor,
  decisionOf,
  decisionSchema,
  instructionsFor,
  type Worker,
} from "../../../functions/runs/supervising/rules/decision.ts";
import { type Done, outcomeOf, reported } from "../../../functions/runs/supervising/rules/report.ts";
import { compileSchema } from "../../../shared/json-schema/schema.ts";

const card = (id: string, ...tags: string[]): Capability => ({ id, name: id, description: "", tags });
const worker = (name: string, ...capabilities: Capability[]): Worker => ({
  name,
  agent_id: `agt_${name}`,
  version: 1,
  description: `${name} works.`,
  capabilities,
});
const workers = [worker("a", card("roof.mend", "ladder", "tiles")), worker("b", card("wall.paint", "Ladder"))];
const node = (config: object) => {
  const parsed = nodeSchema.parse({ id: "s", kind: "supervisor", label: "S", config });
  if (parsed.kind !== "supervisor") throw new Error("another kind");
  return parsed.config;
};
const said = (more: object) => ({ finish: false, answer: "", delegations: [], reason: "So.", ...more });

async function accepts(schema: Readonly<Record<string, unknown>>, value: unknown): Promise<boolean> {
  const compiled = compileSchema(schema);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.issues));
  return (await compiled.validate(value)).length === 0;
}

describe("what a supervisor may answer", () => {
  it.each([
    ["a known worker", said({ delegations: [{ worker: "a", task: "x" }] }), true],
    ["an unknown worker", said({ delegations: [{ worker: "c", task: "x" }] }), false],
    ["an empty task", said({ delegations: [{ worker: "a", task: "" }] }), false],
    ["too many tasks", said({ delegations: [1, 2, 3].map(() => ({ worker: "a", task: "x" })) }), false],
    ["an end", said({ finish: true, answer: "Done." }), true],
    ["less than it is asked", { finish: true }, false],
  ])("is held to the workers and to how many: %s", async (_, answer, ok) => {
    expect(await accepts(decisionSchema({ selection: "semantic", max_workers: 2 }, workers, false), answer)).toBe(ok);
  });

  it("delegates nothing any more in the end", async () => {
    const schema = decisionSchema({ selection: "semantic", max_workers: 2 }, workers, true);
    expect(await accepts(schema, said({ delegations: [{ worker: "a", task: "x" }] }))).toBe(false);
    expect(await accepts(schema, { answer: "So.", reason: "" })).toBe(true);
    expect(decisionOf({ answer: "So.", reason: "" }, { selection: "semantic" }, workers, 0)).toEqual({
      finish: true,
      text: "So.",
      reason: "",
    });
  });

  it.each([
    [said({}), "neither finishes nor delegates"],
    [said({ finish: true, answer: "  " }), "finishes without an answer"],
    [undefined, "is no decision"],
    ["text", "is no decision"],
  ])("means nothing: %j", (answer, why) => {
    expect(decisionOf(answer, { selection: "semantic" }, workers, 0)).toBe(why);
  });

  it("goes by turn through all rounds", () => {
    fc.assert(
      fc.property(fc.nat({ max: 30 }), fc.integer({ min: 1, max: 10 }), (before, count) => {
        const delegations = Array.from({ length: count }, () => ({ task: "x" }));
        const decision = decisionOf(said({ delegations }), { selection: "round_robin" }, workers, before);
        if (typeof decision === "string" || decision.finish) throw new Error("no tasks");
        expect(decision.delegations.map((one) => one.worker?.name)).toEqual(
          delegations.map((_, i) => ((before + i) % 2 === 0 ? "a" : "b")),
        );
      }),
    );
  });

  it("is asked for with what the workers are and what there is to do", () => {
    const { selection, max_workers, max_rounds } = node({ max_rounds: 2 });
    const told = instructionsFor({ selection, max_workers, max_rounds }, workers, 1);
    expect(told).toContain("round 1 of 2");
    expect(told).toContain("- a: a works.\n  - roof.mend (ladder, tiles)");
    expect(instructionsFor({ selection, max_workers, max_rounds }, workers, 3)).toContain("nothing can be delegated");
  });
});

describe("the worker for skills", () => {
  it("is the one whose card has most of them, of equals the first, by id, name or tag in any case", () => {
    expect(bestFor(workers, ["LADDER"])?.name).toBe("a");
    expect(bestFor(workers, ["ladder", "Wall.Paint"])?.name).toBe("b");
    expect(bestFor(workers, ["tiles", "ladder", "wall.paint"])?.name).toBe("a");
    expect(bestFor(workers, ["opera"])).toBeUndefined();
    expect(bestFor(workers, [])).toBeUndefined();
  });

  it("does not count a skill that is named twice", () => {
    expect(bestFor(workers, ["tiles", "wall.paint", "Wall.paint"])?.name).toBe("a");
  });
});

describe("what is told to a supervisor", () => {
  const done = (text: string): Done => ({
    round: 1,
    task: "Look.",
    worker: "a",
    agent_id: "agt_a",
    run_id: "run_1",
    outcome: "succeeded",
    text,
  });

  it("is what it was asked, and each task with what came of it", () => {
    expect(reported("Mend it.", [])).toBe("Mend it.");
    const text = reported("Mend it.", [done("A hole.")]);
    expect(text).toContain("## Round 1, task 1 by a: succeeded\n\nTask: Look.\n\nA hole.");
  });

  it("says how much of a long answer is left out", () => {
    expect(reported("Mend it.", [done("x".repeat(20_001))])).toContain("[1 more characters are left out here]");
    const many = Array.from({ length: 100 }, () => ({ ...done("y".repeat(20_000)), task: "t".repeat(20_000) }));
    expect(reported("Mend it.", many).length).toBeLessThan(450_000);
  });

  it.each([
    [undefined, "cancelled"],
    [{ status: "completed", error: null } as const, "succeeded"],
    [{ status: "failed", error: { code: "x", message: "m" } } as const, "failed"],
    [{ status: "timed_out", error: null } as const, "timed_out"],
    [{ status: "stopped", error: null } as const, "cancelled"],
    [{ status: "stopped", error: { code: "agent_archived", message: "m" } } as const, "denied"],
  ])("calls %j by the words of outcomes", (run, outcome) => {
    expect(outcomeOf(run, { text: "t" }).outcome).toBe(outcome);
  });
});

describe("the config of a supervisor", () => {
  it("refuses two workers of one name, also where one of them is the usual name", () => {
    expect(() => node({ workers: [{ agent_id: "x", name: "worker_2" }, { agent_id: "y" }] })).toThrow("used twice");
    expect(node({ workers: [{ agent_id: "x" }, { agent_id: "y" }] }).workers).toHaveLength(2);
  });
});
