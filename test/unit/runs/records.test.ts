import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { agentGraph } from "../../../functions/runs/engine/load.ts";
import {
  begunStep,
  outcomeEvents,
  outcomeLog,
  outcomeOf,
  settledStep,
} from "../../../functions/runs/engine/records.ts";
import type { Outcome } from "../../../functions/runs/engine/rules/outcome.ts";
import { compilePlan, nodeNamed } from "../../../functions/runs/engine/rules/plan.ts";
import { messageOf } from "../../../functions/runs/engine/work-agent.ts";
import { stepOf } from "../../../functions/runs/log/views.ts";
import { isLast, isLive, logTypes, runStatuses } from "../../../functions/runs/model.ts";
import { isSettled, runStepItem, type StoredRun } from "../../../functions/runs/store.ts";
import type { Blob, Blobs } from "../../../shared/blobs/blobs.ts";

const blobs: Pick<Blobs, "load"> & Partial<Blobs> = {
  load: async (blob: Blob) => ("inline" in blob ? blob.inline : ""),
};
const at = new Date("2026-05-01T10:00:00.000Z");
const later = new Date("2026-05-01T10:00:01.500Z");
const RUN = "run_01JDQ4X0Z5V8W3N7K2M9R6T1BC";
const run: StoredRun = {
  id: RUN,
  kind: "agent",
  mode: "live",
  status: "running",
  target_id: "agt_1",
  pinned: { pipeline_id: null, revision: null, agents: {}, pipelines: {} },
  metadata: {},
  budget: null,
  labels: [],
  started_by: { type: "user", id: "usr_1" },
  parent_run_id: null,
  called_by: null,
  depth: 1,
  retry_of_run_id: null,
  recorded_run_id: null,
  test: null,
  root_run_id: "run_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  allowance: 50,
  seed_run_id: "run_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  trace_id: "t",
  parent_span_id: null,
  trace_sampled: true,
  trace_state: null,
  error: null,
  timeout_seconds: 60,
  created_at: at.toISOString(),
  started_at: null,
  finished_at: null,
  deadline_at: later.toISOString(),
  expires_at: "2026-06-01T10:00:00.000Z",
  kept_days: 30,
  audit_days: 400,
};

const plan = compilePlan(agentGraph("agt_1"));
const begun = begunStep(run, nodeNamed(plan, "agent"), 2, at);
const json = fc.jsonValue().map((value) => JSON.parse(JSON.stringify(value)));
const error = fc.record({ code: fc.string(), message: fc.string() });
const outcomes: fc.Arbitrary<Outcome> = fc.oneof(
  fc.constant({ status: "skipped" } as const),
  fc.record({
    status: fc.constant("completed" as const),
    output: json,
    handle: fc.string(),
    blocked: fc.array(fc.nat()),
  }),
  fc.record({
    status: fc.constant("completed" as const),
    output: json,
    handle: fc.string(),
    blocked: fc.constant([]),
    recovered_from: error,
  }),
  fc.record({ status: fc.constant("failed" as const), error }),
  fc.record({ status: fc.constant("failed" as const), error, handle: fc.string() }),
  fc.record({ status: fc.constant("retrying" as const), error, retry_in_ms: fc.nat() }),
);

const recorded = (outcome: Outcome) =>
  settledStep(
    begun,
    outcome,
    outcome.status === "completed" ? { inline: JSON.stringify(outcome.output) } : null,
    undefined,
    later,
  );

describe("the record of an attempt", () => {
  it("gives back every outcome as it was committed", async () => {
    await fc.assert(
      fc.asyncProperty(outcomes, async (outcome) => {
        const step = recorded(outcome);
        expect(isSettled(step)).toBe(true);
        expect(runStepItem.schema.parse(step)).toEqual(step);
        expect(await outcomeOf(step, blobs as Blobs)).toEqual(outcome);
      }),
    );
  });

  it("is no outcome while the attempt runs or waits", async () => {
    for (const status of ["running", "waiting"] as const) {
      expect(isSettled({ ...begun, status })).toBe(false);
      await expect(outcomeOf({ ...begun, status }, blobs as Blobs)).rejects.toThrow(status);
    }
  });

  it("is told in the log without anything of the output, and as an event where the step ended", () => {
    fc.assert(
      fc.property(outcomes, (outcome) => {
        const secret = { inline: JSON.stringify("only-in-the-output") };
        const step = { ...recorded(outcome), output: outcome.status === "completed" ? secret : null };
        expect(JSON.stringify(outcomeLog(step, outcome))).not.toContain("only-in-the-output");
        const events = outcomeEvents(run, step, outcome);
        expect(events).toHaveLength(outcome.status === "completed" || outcome.status === "failed" ? 1 : 0);
        expect(JSON.stringify(events)).not.toContain("only-in-the-output");
      }),
    );
  });

  it("is shown with its times and a small output; a large one is named by its size", () => {
    const small = stepOf(recorded({ status: "completed", output: { a: 1 }, handle: "output", blocked: [] }), run);
    expect(small).toMatchObject({ duration_ms: 1_500, output: { a: 1 }, output_bytes: 7, retried: false, attempt: 2 });
    const large = stepOf({ ...begun, status: "completed", output: { key: "k", bytes: 200_000, sha256: "s" } }, run);
    expect(large).toMatchObject({ output_bytes: 200_000, duration_ms: null });
    expect("output" in large).toBe(false);
    for (const inner of ["execution", "waiting_run_id", "blocked", "retry_in_ms"]) expect(inner in large).toBe(false);
  });
});

describe("a run", () => {
  it("of an agent is a graph of input, agent and output", () => {
    expect(plan.nodes.map(({ id }) => id)).toEqual(["agent", "input", "output", "$end"]);
  });

  it("ends in exactly the states that have a last entry of the log", () => {
    expect(logTypes.filter(isLast)).toEqual(
      runStatuses.filter((status) => !isLive(status)).map((status) => `run.${status}`),
    );
  });
});

describe("the message that an agent is given", () => {
  it.each([
    ["hello", "hello"],
    [{ message: "m", query: "q" }, "m"],
    [{ query: "q", n: 1 }, "q"],
    [{ text: "answer", object: { a: 1 } }, "answer"],
    [{ n: 1, a: [true] }, '{"a":[true],"n":1}'],
    [null, ""],
    [7, "7"],
  ])("of %j is %j", (input, message) => expect(messageOf(input)).toBe(message));
});
