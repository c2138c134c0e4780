import { expect, it } from "vitest";
import { begunStep } from "../../../functions/runs/engine/records.ts";
import { runStepItem } from "../../../functions/runs/store.ts";
import { MOST_ATTEMPTS } from "../../../functions/runs/timeline/rules/timeline.ts";
import { stackTable } from "../../support/stack.ts";
import { ended, graphOf, lab, pipelineWith, testRun } from "./setup.ts";

it("a run's timeline is data and a picture that may do nothing and is sent once; a run that is too large has none", async () => {
  const { company } = await lab();
  const nodes = [
    { id: "in", kind: "input" },
    { id: "pause", kind: "wait", config: { seconds: 1 } },
    { id: "out", kind: "output" },
  ];
  const graph = graphOf(nodes, [
    ["in", "pause"],
    ["pause", "out"],
  ]);
  // Nothing is asked of the graph of a pattern that is not available yet.
  const id = await testRun(company, await pipelineWith(company, graph, "custom"), { input: {} });
  const run = await ended(company, id);

  const { status, body } = await company.call("GET", `/runs/${id}/timeline`);
  expect(status).toBe(200);
  expect(body).toMatchObject({ run_id: id, status: "completed", total_ms: run.queued_ms + run.duration_ms });
  expect(body.items.map(({ node_id }: { node_id: string }) => node_id)).toEqual(["in", "pause", "out"]);
  const { work, wait } = body.items[1];
  expect([work, wait.for, wait.end_ms - wait.start_ms >= 1_000]).toEqual([null, "time", true]);

  const picture = await company.call("GET", `/runs/${id}/timeline.svg?theme=dark`);
  expect(picture.status, picture.text).toBe(200);
  expect(picture.headers.get("content-type")).toBe("image/svg+xml; charset=utf-8");
  expect(picture.headers.get("content-security-policy")).toContain("default-src 'none'");
  expect(picture.text.match(/<rect class="wait"/g)).toHaveLength(1);
  const etag = picture.headers.get("etag") ?? "";
  const again = await company.call("GET", `/runs/${id}/timeline.svg?theme=dark`, undefined, { "if-none-match": etag });
  expect([again.status, again.text]).toEqual([304, ""]);
  expect((await company.call("GET", `/runs/${id}/timeline.svg?theme=pink`)).status).toBe(422);

  const table = stackTable().of(company.organization_id);
  const steps = Array.from({ length: MOST_ATTEMPTS }, (_, i) =>
    begunStep(run, { id: `n${i}`, node: undefined } as never, 1, new Date()),
  );
  for (let i = 0; i < steps.length; i += 100)
    await table.transact(steps.slice(i, i + 100).map((step) => table.writes.create(runStepItem, step)));
  for (const path of ["timeline", "timeline.svg"]) {
    const refused = await company.call("GET", `/runs/${id}/${path}`);
    expect([refused.status, refused.body.code, refused.body.limit]).toEqual([409, "run_too_large", MOST_ATTEMPTS]);
  }
});
