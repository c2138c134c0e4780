import { beforeAll, describe, expect, it } from "vitest";
import { isLive } from "../../../functions/runs/model.ts";
import { type Company, registerCompany, unique } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { ended, graphOf, lab, pipelineWith, testRun } from "../runs/setup.ts";

let company: Company;
let agent_id: string;
let pipeline_id: string;
beforeAll(async () => {
  ({ company, agent_id } = await lab());
  pipeline_id = await pipelineWith(company, twoAgents());
});

const twoAgents = () =>
  graphOf(
    [
      { id: "in", kind: "input", config: { schema: { type: "object", required: ["message"] } } },
      { id: "first", kind: "agent", config: { agent_id } },
      { id: "ask", kind: "agent", config: { agent_id, input_mapping: { message: "run.input.message" } } },
      { id: "out", kind: "output" },
    ],
    [
      ["in", "first"],
      ["first", "ask"],
      ["ask", "out"],
    ],
  );

const test = (body: object, id = pipeline_id) => company.call("POST", `/test/pipelines/${id}`, body);

describe("a test of a pipeline", () => {
  it("answers with what its run has come to, with tokens, cost and steps, and stands in the history", async () => {
    const said = unique("Parrot");
    const answer = await test({ input: { message: `[[say:${said}]]` } });
    expect(answer.status, answer.text).toBe(200);
    const { body } = answer;
    expect(body).toMatchObject({
      status: "completed",
      kind: "pipeline",
      pinned: { pipeline_id, revision: expect.any(Number) },
      input: { message: `[[say:${said}]]` },
      output: { text: said },
      error: null,
      more_steps: false,
      events_path: `/api/v1/runs/${body.id}/events`,
    });
    const { input, output, total } = body.token_usage;
    expect([input > 0, output > 0, total]).toEqual([true, true, input + output]);
    expect([body.cost_usd_micros > 0, body.execution_time_ms > 0]).toEqual([true, true]);
    const asked = body.steps.find((step: { node_id: string }) => step.node_id === "ask");
    expect(asked).toMatchObject({ attempt: 1, kind: "agent", status: "completed", tokens_in: input / 2 });

    const read = await company.call("GET", `/test/executions/${body.id}`);
    expect([read.status, read.body]).toEqual([200, body]);
    expect((await company.call("GET", `/runs/${body.id}`)).body).toMatchObject({ mode: "test", status: "completed" });
    const history = await company.call("GET", `/test/pipelines/${pipeline_id}/history?limit=1`);
    expect(history.body.items).toMatchObject([{ id: body.id, status: "completed", token_usage: { total } }]);
  });

  it("answers a failure with 200, too", async () => {
    const { status, body } = await test({ input: { message: `${unique("Vase")} [[fail:400]]` } });
    expect([status, body.status, body.output]).toEqual([200, "failed", null]);
    expect(body.error).toMatchObject({ code: "model_request_invalid", node_id: "first" });
  });

  it("is ended after its own time", async () => {
    const { status, body } = await test({
      input: { message: `${unique("Snail")} [[delay:20000]]` },
      options: { timeout_ms: 1_500 },
    });
    expect([status, body.status]).toEqual([200, "timed_out"]);
  });

  it("that streams is answered at once, and found where the answer says", async () => {
    const { status, body, headers } = await test({
      input: { message: `${unique("Brook")} [[delay:1000]]` },
      options: { stream: true },
    });
    expect([status, headers.get("location")]).toEqual([202, `/api/v1/test/executions/${body.id}`]);
    expect(isLive(body.status)).toBe(true);
    expect((await ended(company, body.id)).status).toBe("completed");
    expect((await company.call("GET", `/test/executions/${body.id}`)).body.status).toBe("completed");
  });

  it("is repeated with its idempotency key once", async () => {
    const headers = { "idempotency-key": unique("key") };
    const body = { input: { message: unique("Echo") } };
    const first = await company.call("POST", `/test/pipelines/${pipeline_id}`, body, headers);
    const again = await company.call("POST", `/test/pipelines/${pipeline_id}`, body, headers);
    expect([first.status, first.body.status]).toEqual([200, "completed"]);
    expect([again.status, again.body]).toEqual([200, first.body]);
    expect(again.headers.get("idempotent-replayed")).toBe("true");
  });

  it("with labels is deleted with what it is found by", async () => {
    const label = unique("label");
    const id = await testRun(company, pipeline_id, {
      input: { message: unique("Labelled") },
      labels: [label, "nightly"],
    });
    await ended(company, id);
    const found = async () => (await company.call("GET", `/runs?label=${label}`)).body.items.length;
    expect(await found()).toBe(1);
    expect((await company.call("DELETE", `/test/executions/${id}`)).status).toBe(204);
    expect((await company.call("GET", `/runs/${id}`)).status).toBe(404);
    expect(await found()).toBe(0);
  });

  it("is deleted, but not while it goes on", async () => {
    const slow = await test({ input: { message: `${unique("Sloth")} [[delay:3000]]` }, options: { stream: true } });
    const early = await company.call("DELETE", `/test/executions/${slow.body.id}`);
    expect([early.status, early.body.code]).toEqual([409, "conflict"]);
    await ended(company, slow.body.id);
    expect((await company.call("DELETE", `/test/executions/${slow.body.id}`)).status).toBe(204);
    expect((await company.call("GET", `/test/executions/${slow.body.id}`)).status).toBe(404);
    expect((await company.call("GET", `/runs/${slow.body.id}`)).status).toBe(404);
  });
});

describe("a test that cannot be started", () => {
  it.each([
    ["input that does not fit its schema", { input: { text: "Hi" } }, 422, "input"],
    ["too little time", { options: { timeout_ms: 999 } }, 422, "options.timeout_ms"],
    ["too much time", { options: { timeout_ms: 3_600_001 } }, 422, "options.timeout_ms"],
    ["an unknown field", { inputs: {} }, 422, "inputs"],
  ])("for %s says where", async (_, body, status, path) => {
    const answer = await test({ input: { message: "Hi" }, ...body });
    expect([answer.status, answer.body.issues[0].path]).toEqual([status, path]);
  });

  it("for a graph with errors lists them, and for a revision that is not there is not found", async () => {
    const id = await pipelineWith(company, twoAgents());
    const { revision } = (await company.call("GET", `/pipelines/${id}`)).body;
    await company.call("PUT", `/pipelines/${id}/graph`, graphOf([{ id: "in", kind: "input" }], []));
    const newest = await test({}, id);
    expect([newest.status, newest.body.code]).toEqual([409, "graph_invalid"]);
    expect((await test({ revision: 99 }, id)).status).toBe(404);
    const before = await test({ revision, input: { message: unique("Before") } }, id);
    expect([before.status, before.body.status]).toEqual([200, "completed"]);
  });

  it("for another organization, a viewer or a live run is refused as each of them is elsewhere", async () => {
    const other = await registerCompany();
    expect((await other.call("POST", `/test/pipelines/${pipeline_id}`, {})).status).toBe(404);
    const viewer = await addMember(company, "viewer");
    expect((await viewer.call("POST", `/test/pipelines/${pipeline_id}`, {})).status).toBe(403);
    expect((await viewer.call("GET", `/test/pipelines/${pipeline_id}/history`)).status).toBe(200);
    const live = (await company.call("POST", `/agents/${agent_id}/runs`, { input: { message: unique("Live") } })).body
      .id;
    expect((await company.call("GET", `/test/executions/${live}`)).status).toBe(404);
    await ended(company, live);
    expect((await company.call("DELETE", `/test/executions/${live}`)).status).toBe(404);
  });
});
