import { expect, it } from "vitest";
import { eventually } from "../../support/api.ts";
import { ended, graphOf, lab, pipelineWith } from "./setup.ts";

const oneAgent = (agent_id: string) =>
  graphOf(
    [
      { id: "in", kind: "input" },
      { id: "agent", kind: "agent", config: { agent_id } },
      { id: "out", kind: "output" },
    ],
    [
      ["in", "agent"],
      ["agent", "out"],
    ],
  );

it("of a pipeline with max_concurrent_runs 1, three starts run one after the other, and each says where it waits", async () => {
  const { company, agent_id } = await lab();
  const pipeline_id = await pipelineWith(company, oneAgent(agent_id), "custom");
  const set = await company.call("PATCH", `/pipelines/${pipeline_id}`, { max_concurrent_runs: 1 });
  expect([set.status, set.body.max_concurrent_runs]).toEqual([200, 1]);
  for (const wrong of [0, 1_001, 1.5]) {
    const refused = await company.call("PATCH", `/pipelines/${pipeline_id}`, { max_concurrent_runs: wrong });
    expect([refused.status, refused.body.code]).toEqual([422, "validation_failed"]);
  }

  const starts: { id: string; queue: unknown }[] = [];
  for (const n of [1, 2, 3]) {
    const message = `One after the other, ${n}. [[delay:8000]]`;
    const started = await company.call("POST", `/pipelines/${pipeline_id}/runs`, { mode: "test", input: { message } });
    expect([started.status, started.body.status]).toEqual([202, "queued"]);
    starts.push(started.body);
  }
  const waits = (position: number) => ({ position, waiting_for: "pipeline" });
  expect(starts.map(({ queue }) => queue)).toEqual([null, waits(1), waits(2)]);
  const queueOf = async (i: number) => (await company.call("GET", `/runs/${starts[i]?.id}`)).body.queue;
  expect(await queueOf(2)).toEqual(waits(2));
  const listed = await company.call("GET", "/runs?status=queued");
  expect(listed.body.items.map(({ id }: { id: string }) => id)).toEqual(
    expect.arrayContaining([starts[1]?.id, starts[2]?.id]),
  );
  await eventually(async () => ((await queueOf(2))?.position === 1 ? true : undefined), "the third is the next one");

  const runs = [];
  for (const { id } of starts) runs.push(await ended(company, id));
  expect(runs.map(({ status }) => status)).toEqual(["completed", "completed", "completed"]);
  const [first, second, third] = runs;
  expect(Date.parse(second.started_at)).toBeGreaterThanOrEqual(Date.parse(first.finished_at));
  expect(Date.parse(third.started_at)).toBeGreaterThanOrEqual(Date.parse(second.finished_at));
  const logs = await company.call("GET", `/runs/${third.id}/logs`);
  const types = logs.body.items.map(({ type }: { type: string }) => type);
  expect(types.slice(0, 3)).toEqual(["run.started", "run.admitted", "run.running"]);
});

it("a live run that waits is stopped when its pipeline is deactivated meanwhile; the one before it goes on to its end", async () => {
  const { company, agent_id } = await lab();
  const pipeline_id = await pipelineWith(company, oneAgent(agent_id), "custom");
  await company.call("PATCH", `/pipelines/${pipeline_id}`, { max_concurrent_runs: 1 });
  expect((await company.call("POST", `/pipelines/${pipeline_id}/activate`, {})).status).toBe(200);
  const start = async (n: number) => {
    const input = { message: `Deactivated meanwhile, ${n}. [[delay:6000]]` };
    const started = await company.call("POST", `/pipelines/${pipeline_id}/runs`, { mode: "live", input });
    expect(started.status).toBe(202);
    return started.body;
  };
  const [first, second] = [await start(1), await start(2)];
  expect([first.queue, second.queue]).toEqual([null, { position: 1, waiting_for: "pipeline" }]);
  expect((await company.call("POST", `/pipelines/${pipeline_id}/deactivate`)).status).toBe(200);
  expect(await ended(company, first.id)).toMatchObject({ status: "completed" });
  expect(await ended(company, second.id)).toMatchObject({
    status: "stopped",
    started_at: null,
    error: { code: "pipeline_inactive", message: "The pipeline is draft and takes no live runs any more." },
  });
});
