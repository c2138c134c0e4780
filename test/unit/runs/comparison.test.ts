import { describe, expect, it } from "vitest";
import { type Compared, comparisonOf } from "../../../functions/runs/comparison/rules/compare.ts";
import type { RunSummary, StepView } from "../../../functions/runs/model.ts";
import { stepView } from "../../support/step-view.ts";

const step = (node_id: string, more: Partial<StepView> = {}): StepView => stepView({ node_id, ...more });

const run = (attempts: readonly (readonly [StepView, unknown])[], output?: unknown): Compared => ({
  summary: {} as RunSummary,
  attempts: attempts.map(([one, value]) => ({ step: one, output: value })),
  output,
});

describe("two runs", () => {
  it("are the same where each step came to the same by the same way, whatever order an object's members have", () => {
    const found = comparisonOf(run([[step("a"), { x: 1, y: 2 }]], [1]), run([[step("a"), { y: 2, x: 1 }]], [1]));
    expect(found).toMatchObject({ differences: 0, same_output: true, steps: [{ node_id: "a", change: "same" }] });
  });

  it("differ by what is told of each step", () => {
    const failed = { status: "failed", error: { code: "x", message: "" }, handle: null } as const;
    const before = run(
      [
        [step("a"), 1],
        [step("b"), 1],
        [step("c"), 1],
        [step("d", { handle: "left" }), 1],
      ],
      1,
    );
    const after = run([
      [step("a"), 2],
      [step("b", failed), undefined],
      [step("d", { handle: "right" }), 1],
      [step("e"), 1],
    ]);
    const { steps, differences, same_output } = comparisonOf(before, after);
    expect(steps.map(({ node_id, change }) => [node_id, change])).toEqual([
      ["a", "output"],
      ["b", "outcome"],
      ["c", "only_before"],
      ["d", "outcome"],
      ["e", "only_after"],
    ]);
    expect([differences, same_output]).toEqual([5, null]);
  });

  it("count the attempts of a step together", () => {
    const tries: Compared["attempts"] = [
      { step: step("a", { status: "failed", error: { code: "x", message: "" }, retried: true }), output: undefined },
      { step: step("a", { attempt: 2, recorded_run_id: "run_01JDQ4X0Z5V8W3N7K2M9R6T1BD" }), output: 1 },
    ];
    const { steps } = comparisonOf({ ...run([]), attempts: tries }, run([]));
    expect(steps[0]?.before).toEqual({
      attempts: 2,
      status: "completed",
      handle: "output",
      error_code: null,
      duration_ms: 10,
      model: null,
      tokens_in: 2,
      tokens_out: 4,
      cost_usd_micros: 6,
      taken_over: true,
    });
  });
});
