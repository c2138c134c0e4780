import { beforeAll, describe, expect, it } from "vitest";
import { runJoinItem, runLogItem, runPendingItem, runStepItem, runValueItem } from "../../../functions/runs/store.ts";
import { type Company, eventually, registerCompany, unique } from "../../support/api.ts";
import { stackTable } from "../../support/stack.ts";
import { outboxTexts } from "../../support/traces.ts";
import { ended, graphOf, type Lab, lab, pages, pipelineWith, testRun } from "./setup.ts";

let one: Lab;
let company: Company;
let other: Company;
let pipeline_id: string;
const UNKNOWN = "run_01JDQ4X0Z5V8W3N7K2M9R6T1BC";

const chain = (agent_id: string, schema?: object) =>
  graphOf(
    [
      { id: "in", kind: "input", config: schema === undefined ? {} : { schema } },
      { id: "first", kind: "agent", config: { agent_id, input_mapping: '"first: " & input.message' } },
      { id: "second", kind: "agent", config: { agent_id, input_mapping: '"second after: " & input.text' } },
      { id: "out", kind: "output", config: { mapping: { answer: "input.text", asked: "run.input.message" } } },
    ],
    [
      ["in", "first"],
      ["first", "second"],
      ["second", "out"],
    ],
  );

beforeAll(async () => {
  [one, other] = await Promise.all([lab(), registerCompany()]);
  company = one.company;
  const schema = { type: "object", properties: { message: { type: "string" } }, required: ["message"] };
  pipeline_id = await pipelineWith(company, chain(one.agent_id, schema));
});

describe("starting a pipeline", () => {
  it("answers 202 with where the run is, and the run works its steps in order and keeps what they made", async () => {
    const activated = await company.call("POST", `/pipelines/${pipeline_id}/activate`, {});
    expect(activated.status).toBe(200);
    const started = await company.call("POST", `/pipelines/${pipeline_id}/runs`, {
      input: { message: "hello [[tokens:in=11,out=7]]" },
      metadata: { ticket: "T-1" },
    });
    expect(started.status).toBe(202);
    expect(started.headers.get("location")).toBe(`/api/v1/runs/${started.body.id}`);
    expect(started.body).toMatchObject({
      kind: "pipeline",
      mode: "live",
      status: "queued",
      pinned: { pipeline_id, revision: activated.body.active_revision, agents: { [one.agent_id]: 1 } },
      metadata: { ticket: "T-1" },
      started_by: { type: "user", id: company.user_id },
      parent_run_id: null,
      output: null,
      timeout_seconds: 3600,
    });
    const run = await ended(company, started.body.id);
    expect(run).toMatchObject({
      status: "completed",
      error: null,
      input: { message: "hello [[tokens:in=11,out=7]]" },
      totals: { steps: 4 },
    });
    expect(run.output.asked).toBe("hello [[tokens:in=11,out=7]]");
    expect(run.output.answer).toContain("second after");
    const steps = await pages(company, `/runs/${run.id}/steps`);
    expect(steps.map(({ node_id, status, attempt }) => [node_id, status, attempt])).toEqual([
      ["first", "completed", 1],
      ["in", "completed", 1],
      ["out", "completed", 1],
      ["second", "completed", 1],
    ]);
    const first = steps.find(({ node_id }) => node_id === "first");
    expect(first).toMatchObject({ kind: "agent", model: "scripted/small", tokens_in: 11, tokens_out: 7 });
    expect(first.cost_usd_micros).toBe(25);
    expect(first.output.text).toContain("first: hello");
    const tokens = steps.reduce((sum, step) => sum + step.tokens_in + step.tokens_out, 0);
    expect(run.totals.tokens_in + run.totals.tokens_out).toBe(tokens);
    expect(run.totals.cost_usd_micros).toBe(steps.reduce((sum, step) => sum + step.cost_usd_micros, 0));
    const [a, b, c, d] = ["in", "first", "second", "out"].map((id) => steps.find(({ node_id }) => node_id === id));
    for (const [before, after] of [
      [a, b],
      [b, c],
      [c, d],
    ])
      expect(Date.parse(before.finished_at)).toBeLessThanOrEqual(Date.parse(after.started_at));
    const single = await company.call("GET", `/runs/${run.id}/steps/first/1`);
    expect(single.body).toEqual(first);
    const types = (await outboxTexts(company))
      .map((text) => JSON.parse(text).envelope)
      .filter(({ data }) => data.run_id === run.id)
      .map(({ type }) => type);
    expect(types.sort()).toEqual(["run.completed", "run.started", ...Array(4).fill("run.step_completed")].sort());
  });

  it("of an input that does not fit the input's schema is refused with the place, and no run is made", async () => {
    const before = (await company.call("GET", `/runs?pipeline_id=${pipeline_id}`)).body.items.length;
    const answer = await company.call("POST", `/pipelines/${pipeline_id}/runs`, { input: { message: 5 } });
    expect(answer.status).toBe(422);
    expect(answer.body.issues[0].path).toBe("input.message");
    expect((await company.call("GET", `/runs?pipeline_id=${pipeline_id}`)).body.items).toHaveLength(before);
  });

  it("that is not active is refused with its state; a test run takes the newest revision or the named one", async () => {
    const draft = await pipelineWith(company, chain(one.agent_id));
    const live = await company.call("POST", `/pipelines/${draft}/runs`, {});
    expect(live.status).toBe(409);
    expect(live.body.state).toBe("draft");
    const named = await company.call("POST", `/pipelines/${draft}/runs`, { revision: 2 });
    expect(named.status).toBe(422);
    const test = await company.call("POST", `/pipelines/${draft}/runs`, {
      mode: "test",
      revision: 2,
      input: { message: "x" },
    });
    expect(test.status).toBe(202);
    expect(test.body.pinned.revision).toBe(2);
    const empty = await company.call("POST", `/pipelines/${draft}/runs`, { mode: "test", revision: 1 });
    expect(empty.status).toBe(409);
    expect(empty.body.code).toBe("graph_invalid");
    expect((await ended(company, test.body.id)).status).toBe("completed");
  });

  it("under one idempotency key by many at once makes one run", async () => {
    const key = unique("key");
    const answers = await Promise.all(
      Array.from({ length: 6 }, () =>
        company.call(
          "POST",
          `/pipelines/${pipeline_id}/runs`,
          { input: { message: "once" } },
          { "idempotency-key": key },
        ),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
  });
});

describe("starting an agent", () => {
  it("runs its active version on the same engine", async () => {
    const started = await company.call("POST", `/agents/${one.agent_id}/runs`, { input: { message: "hello there" } });
    expect(started.status).toBe(202);
    expect(started.headers.get("location")).toBe(`/api/v1/runs/${started.body.id}`);
    expect(started.body).toMatchObject({
      kind: "agent",
      pinned: { pipeline_id: null, revision: null, agents: { [one.agent_id]: 1 } },
    });
    const run = await ended(company, started.body.id);
    expect(run.status).toBe("completed");
    expect(run.output.text).toContain("hello there");
    expect(run.totals.tokens_in).toBeGreaterThan(0);
  });
});

describe("runs", () => {
  it("are found newest first, by filters that narrow each other", async () => {
    const id = await testRun(company, pipeline_id, { input: { message: "listed" } });
    const all = await company.call("GET", "/runs?limit=5");
    expect(all.body.items[0].id).toBe(id);
    const ids = all.body.items.map((run: { id: string }) => run.id);
    expect(ids).toEqual(ids.toSorted().reverse());
    const agents = await company.call("GET", `/runs?agent_id=${one.agent_id}`);
    expect(agents.body.items.map((run: { kind: string }) => run.kind)).toEqual(["agent"]);
    await ended(company, id);
    const completed = await company.call("GET", "/runs?status=completed");
    expect(completed.body.items.map((run: { id: string }) => run.id)).toContain(id);
    expect(completed.body.items.every((run: { status: string }) => run.status === "completed")).toBe(true);
    const both = await company.call("GET", `/runs?status=completed&agent_id=${one.agent_id}&mode=live`);
    expect(both.body.items.map((run: { kind: string }) => run.kind)).toEqual(["agent"]);
    const none = await company.call("GET", `/runs?agent_id=${one.agent_id}&mode=test`);
    expect(none.body).toEqual({ items: [], next_cursor: null });
    const backwards = await company.call("GET", "/runs?from=2026-02-01T00:00:00Z&to=2026-01-01T00:00:00Z");
    expect(backwards).toMatchObject({
      status: 422,
      body: { code: "validation_failed", issues: [{ path: "query.from", message: "is after to" }] },
    });
  });

  it("are found by their labels, which they take along and can be given later", async () => {
    const id = await testRun(company, pipeline_id, {
      input: { message: "labelled" },
      labels: ["ours", "first", "ours"],
    });
    const by = async (label: string) =>
      (await company.call("GET", `/runs?label=${label}`)).body.items.map((run: { id: string }) => run.id);
    expect(await by("ours")).toEqual([id]);
    expect((await ended(company, id)).labels).toEqual(["first", "ours"]);
    const again = (await company.call("POST", `/runs/${id}/retry`, {})).body;
    expect(again.labels).toEqual(["first", "ours"]);
    expect(await by("ours")).toEqual([again.id, id]);
    const set = await company.call("PUT", `/runs/${id}/labels`, { labels: ["kept"] });
    expect(set).toMatchObject({ status: 200, body: { id, labels: ["kept"] } });
    expect([await by("ours"), await by("first"), await by("kept")]).toEqual([[again.id], [again.id], [id]]);
    const { items } = (await company.call("GET", `/audit/resources/run/${id}`)).body;
    expect(items[0]).toMatchObject({ action: "run.updated", changes: [{ field: "labels" }] });
    const many = { labels: Array.from({ length: 11 }, (_, i) => `l${i}`) };
    expect((await company.call("PUT", `/runs/${id}/labels`, many)).status).toBe(422);
    expect((await other.call("PUT", `/runs/${id}/labels`, { labels: [] })).status).toBe(404);
    expect((await company.call("DELETE", `/runs/${id}`)).status).toBe(204);
    expect(await by("kept")).toEqual([]);
    await ended(company, again.id);
  });

  it("of another company are not there", async () => {
    const id = await testRun(company, pipeline_id, { input: { message: "ours" } });
    for (const [method, path] of [
      ["GET", `/runs/${id}`],
      ["GET", `/runs/${id}/steps`],
      ["GET", `/runs/${id}/steps/in/1`],
      ["GET", `/runs/${id}/logs`],
      ["GET", `/runs/${id}/events`],
      ["POST", `/runs/${id}/stop`],
      ["POST", `/runs/${id}/retry`],
      ["DELETE", `/runs/${id}`],
      ["POST", `/pipelines/${pipeline_id}/runs`],
      ["POST", `/agents/${one.agent_id}/runs`],
    ] as const) {
      const answer = await other.call(method, path, method === "POST" ? {} : undefined);
      expect([path, answer.status]).toEqual([path, 404]);
      expect(answer.body.code).toBe("not_found");
    }
    expect((await company.call("GET", `/runs/${UNKNOWN}`)).status).toBe(404);
    expect((await ended(company, id)).status).toBe("completed");
  });

  it("are retried with the same pins and input, and deleted with all that belongs to them once they are over", async () => {
    const id = await testRun(company, pipeline_id, { input: { message: "again [[delay:1500]]" } });
    const early = await company.call("POST", `/runs/${id}/retry`, {});
    expect(early.status).toBe(409);
    const running = await company.call("DELETE", `/runs/${id}`);
    expect(running.status).toBe(409);
    expect(["queued", "running"]).toContain(running.body.state);
    const first = await ended(company, id);
    const retried = await company.call("POST", `/runs/${id}/retry`, {});
    expect(retried.status).toBe(202);
    expect(retried.body).toMatchObject({
      parent_run_id: null,
      retry_of_run_id: id,
      input: first.input,
      pinned: first.pinned,
      mode: "test",
    });
    expect((await ended(company, retried.body.id)).status).toBe("completed");
    expect((await company.call("DELETE", `/runs/${id}`)).status).toBe(204);
    expect((await company.call("GET", `/runs/${id}`)).status).toBe(404);
    expect((await company.call("GET", `/runs/${id}/logs`)).status).toBe(404);
    expect((await company.call("DELETE", `/runs/${id}`)).status).toBe(404);
    const table = stackTable().of(company.organization_id);
    await eventually(async () => {
      const left = await Promise.all(
        [runStepItem, runLogItem, runJoinItem, runPendingItem, runValueItem].map((item) =>
          table.page(item as typeof runStepItem, { of: { run_id: id }, limit: 1 }),
        ),
      );
      return left.every(({ items }) => items.length === 0) ? true : undefined;
    }, "what belonged to the run is cleared away");
  });
});
