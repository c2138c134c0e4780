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

describe("the key of a supervisor's work", () => {
  const supervised = (agents: Readonly<Record<string, number>>, pin?: number) => {
    const workers = [{ agent_id: "agt_2", ...(pin === undefined ? {} : { version: pin }) }];
    const plan = compilePlan(
      graphSchema.parse({
        nodes: [
          { id: "in", kind: "input", label: "in", config: {} },
          { id: "s", kind: "supervisor", label: "s", config: { agent_id: "agt_1", workers } },
        ],
        connections: [{ id: "1", source: "in", target: "s" }],
      }),
    );
    const given = { inputs: [], scope: { input: "in", run: { input: "in" }, steps: {} } };
    return workKey(plan, nodeNamed(plan, "s"), given, { pipeline_id: null, revision: null, agents, pipelines: {} });
  };

  it("differs with the version of a worker, unless the node names one", () => {
    expect(supervised({ agt_1: 1, agt_2: 1 })).not.toBe(supervised({ agt_1: 1, agt_2: 2 }));
    expect(supervised({ agt_1: 1, agt_2: 1 })).not.toBe(supervised({ agt_1: 2, agt_2: 1 }));
    expect(supervised({ agt_1: 1, agt_2: 1 }, 3)).toBe(supervised({ agt_1: 1, agt_2: 2 }, 3));
  });
});
