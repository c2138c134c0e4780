import { beforeAll, describe, expect, it } from "vitest";
import { type Company, eventually } from "../../support/api.ts";
import { type Edge, ended, graphOf, lab, type Node, pages, pipelineWith, testRun } from "./setup.ts";

/** Nothing is asked of a graph without a pattern. */
const FREE = "custom";

let company: Company;

beforeAll(async () => {
  ({ company } = await lab());
});

const waits = (config: object) => {
  const nodes: Node[] = [
    { id: "in", kind: "input" },
    { id: "pause", kind: "wait", config },
    { id: "out", kind: "output" },
  ];
  const edges: Edge[] = [
    ["in", "pause"],
    ["pause", "out"],
  ];
  return graphOf(nodes, edges);
};

describe("a step that waits", () => {
  it("waits so long, costs nothing, says until when, and goes on with its input", async () => {
    const pipeline = await pipelineWith(company, waits({ seconds: 3 }), FREE);
    const id = await testRun(company, pipeline, { input: { n: 1 } });
    const step = await eventually(async () => {
      const { body } = await company.call("GET", `/runs/${id}/steps?node_id=pause`);
      return body.items.find(({ status }: { status: string }) => status === "waiting");
    }, "the step waits");
    expect(step).toMatchObject({ waits_for: "time", finished_at: null });
    expect(Date.parse(step.wait_until) - Date.parse(step.started_at)).toBeGreaterThanOrEqual(3_000);
    const run = await ended(company, id);
    expect(run).toMatchObject({ status: "completed", output: { n: 1 } });
    const [after] = (await company.call("GET", `/runs/${id}/steps?node_id=pause`)).body.items;
    expect(after).toMatchObject({ status: "completed", waits_for: "time", wait_until: null });
    expect(after.duration_ms).toBeGreaterThanOrEqual(3_000);
    const log = await pages(company, `/runs/${id}/logs`);
    expect(log.filter(({ node_id }) => node_id === "pause").map(({ type }) => type)).toEqual([
      "step.started",
      "step.waiting",
      "step.completed",
    ]);
  });

  it("gives the run the time that its graph may take, and ends with a run that is stopped", async () => {
    const month = 30 * 86_400;
    const pipeline = await pipelineWith(company, waits({ seconds: month }), FREE);
    const id = await testRun(company, pipeline, { input: {} });
    await eventually(async () => {
      const { body } = await company.call("GET", `/runs/${id}/steps?node_id=pause`);
      return body.items[0]?.status === "waiting" ? true : undefined;
    }, "the step waits");
    const { body: run } = await company.call("GET", `/runs/${id}`);
    expect(run.timeout_seconds).toBe(month + 3_600);
    expect(Date.parse(run.expires_at)).toBeGreaterThanOrEqual(Date.parse(run.deadline_at) + 6 * 86_400_000);
    expect((await company.call("POST", `/runs/${id}/stop`)).status).toBe(202);
    const { body } = await company.call("GET", `/runs/${id}/steps?node_id=pause`);
    expect(body.items[0]).toMatchObject({ status: "stopped", wait_until: null, waits_for: null });
  });

  it("that the run has no time for fails before it waits", async () => {
    const pipeline = await pipelineWith(company, waits({ until: "input.at" }), FREE);
    const run = await ended(company, await testRun(company, pipeline, { input: { at: "2999-01-01T00:00:00Z" } }));
    expect([run.status, run.error.code]).toEqual(["failed", "wait_beyond_deadline"]);
    const past = await ended(company, await testRun(company, pipeline, { input: { at: "2020-01-01T00:00:00Z" } }));
    expect(past.status).toBe("completed");
  });
});
