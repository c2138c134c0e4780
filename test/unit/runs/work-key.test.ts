import { describe, expect, it } from "vitest";
import { graphSchema } from "../../../functions/pipelines/graph/public.ts";
import { compilePlan, nodeNamed } from "../../../functions/runs/engine/rules/plan.ts";
import { workKey } from "../../../functions/runs/engine/rules/work-key.ts";

interface Given {
  readonly config?: object;
  readonly input?: string;
  readonly run?: string;
  readonly version?: number;
  readonly label?: string;
}

/** The key of an agent's work. */
function key({ config = {}, input = "in", run = "run", version = 1, label = "A" }: Given = {}): string {
  const plan = compilePlan(
    graphSchema.parse({
      nodes: [
        { id: "in", kind: "input", label: "in", config: {} },
        { id: "a", kind: "agent", label, config: { agent_id: "agt_1", ...config } },
        { id: "out", kind: "output", label: "out", config: {} },
      ],
      connections: [
        { id: "1", source: "in", target: "a" },
        { id: "2", source: "a", target: "out" },
      ],
    }),
  );
  const given = { inputs: [{ node_id: "in", value: input }], scope: { input, run: { input: run }, steps: {} } };
  const pinned = { pipeline_id: null, revision: null, agents: { agt_1: version }, pipelines: {} };
  return workKey(plan, nodeNamed(plan, "a"), given, pinned);
}

describe("the key of a task's work", () => {
  it("is the same for the same work, whatever it is called", () => {
    expect(key({ label: "B" })).toBe(key());
  });

  it.each<Given>([{ input: "other" }, { version: 2 }, { config: { temperature: 0.5 } }])("differs with %j", (other) => {
    expect(key(other)).not.toBe(key());
  });

  it("follows the run's input only where that may be read, also by a wildcard or from the root", () => {
    expect(key({ run: "other" })).toBe(key());
    for (const input_mapping of ["run.input", "**.tenant", "$$.*.input"])
      expect(key({ config: { input_mapping }, run: "other" })).not.toBe(key({ config: { input_mapping } }));
  });
});
