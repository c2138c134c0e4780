import { describe, expect, it } from "vitest";
import { recordedOutcome } from "../../../functions/runs/engine/recorded.ts";
import { begunStep, settledStep } from "../../../functions/runs/engine/records.ts";
import { runItem, runStepItem, type StoredRun } from "../../../functions/runs/store.ts";
import { requireCassette } from "../../../functions/runs/trial/prepare.ts";
import { fromStored, toStored } from "../../../shared/dynamo/item.ts";

const at = "2026-01-01T00:00:00.000Z";
const id = "run_01JDQ4X0Z5V8W3N7K2M9R6T1BC";
const outer = "run_01JDQ4X0Z5V8W3N7K2M9R6T1BD";
const recording = {
  node_id: null,
  draft: false,
  faults: {},
  cassette: { record: true, replay_run_id: null, on_miss: "fail" as const },
  as_user_id: null,
};
const run: StoredRun = {
  id,
  kind: "pipeline",
  mode: "test",
  status: "completed",
  pinned: { pipeline_id: null, revision: null, agents: {}, pipelines: {} },
  metadata: {},
  labels: ["nightly"],
  started_by: { type: "user", id: "usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC" },
  parent_run_id: null,
  called_by: null,
  depth: 1,
  retry_of_run_id: null,
  recorded_run_id: null,
  test: recording,
  trace_id: "t",
  parent_span_id: null,
  trace_sampled: true,
  trace_state: null,
  error: null,
  timeout_seconds: 600,
  budget: null,
  created_at: at,
  started_at: at,
  finished_at: at,
  deadline_at: at,
  expires_at: "2027-01-01T00:00:00.000Z",
  target_id: "pip_01JDQ4X0Z5V8W3N7K2M9R6T1BC",
  seed_run_id: id,
  root_run_id: id,
  allowance: 10,
  kept_days: 30,
  audit_days: 400,
};
const node = { ordinal: 1, id: "ask", node: undefined } as never;
const step = settledStep(
  { ...begunStep(run, node, 1, new Date(at)), work_key: "key" },
  { status: "completed", output: null, handle: "default", blocked: [] },
  null,
  undefined,
  new Date(at),
);

describe("what a run takes over from a test", () => {
  const taken = async (one: typeof step) => {
    const table = { read: () => ({}), get: async () => undefined, table: { batch: async () => [one] } };
    const later = { ...run, recorded_run_id: id };
    return (await recordedOutcome(table as never, {} as never, later, node, "key"))?.run_id;
  };

  it("is what was answered, and not what a node was made to meet", async () => {
    expect(await taken(step)).toBe(id);
    expect(await taken({ ...step, fault: "garbage" })).toBe(undefined);
  });
});

describe("what a test is answered from", () => {
  const from = (found: Partial<StoredRun> | undefined) => {
    const table = { get: async () => (found === undefined ? undefined : { ...run, ...found }) };
    return requireCassette(table as never, { cassette: { record: false, replay_run_id: id, on_miss: "fail" } });
  };

  it("is a recording that has ended", async () => {
    await expect(from({})).resolves.toBe(undefined);
    await expect(from({ status: "failed" })).resolves.toBe(undefined);
  });

  it.each([
    ["no run", undefined, "validation_failed"],
    ["a run that has recorded nothing", { test: null }, "validation_failed"],
    ["a recording that waits to begin", { status: "queued" }, "conflict"],
    ["a recording that goes on", { status: "running" }, "conflict"],
  ] as const)("is not %s", async (_, found, code) => {
    await expect(from(found)).rejects.toMatchObject({ code });
  });

  it("is not a run within a recording, and says which run has the answers", async () => {
    await expect(from({ parent_run_id: outer, root_run_id: outer })).rejects.toMatchObject({
      code: "conflict",
      options: { members: { root_run_id: outer } },
    });
  });
});

describe("what was kept before there were tests, labels and budgets", () => {
  const old = (stored: Record<string, unknown>, ...names: string[]) =>
    Object.fromEntries(Object.entries(stored).filter(([name]) => !names.includes(name)));

  it("is read as without them", () => {
    const stored = old(toStored(runItem, "org_1", run), "test", "labels", "budget");
    expect(fromStored(runItem, stored)).toMatchObject({ id, test: null, labels: [], budget: null });
    const attempt = old(toStored(runStepItem, "org_1", step), "fault", "replayed_calls");
    expect(fromStored(runStepItem, attempt)).toMatchObject({ node_id: "ask", fault: null, replayed_calls: 0 });
  });
});
