import { beforeAll, describe, expect, it } from "vitest";
import { askedOf, createAgent } from "../../support/agents.ts";
import { type Company, unique } from "../../support/api.ts";
import { addMember } from "../../support/members.ts";
import { startReceiver } from "../../support/receiver.ts";
import { type Edge, ended, graphOf, lab, type Node, pipelineWith, testRun } from "../runs/setup.ts";

let company: Company;
let agent_id: string;
let model_id: string;
let pipeline_id: string;
beforeAll(async () => {
  ({ company, agent_id } = await lab());
  ({ model_id } = (await company.call("GET", `/agents/${agent_id}`)).body);
  pipeline_id = await pipelineWith(company, asks());
});

const chain = (nodes: readonly Node[]) =>
  graphOf(
    nodes,
    nodes.slice(1).map((node, i): Edge => [nodes[i]?.id ?? "", node.id]),
  );

/** Two agents in a row; the second is asked the run's own message, and may be told more in its config. */
const asks = (more: object = {}, last: object = {}) =>
  chain([
    { id: "in", kind: "input" },
    { id: "first", kind: "agent", config: { agent_id, ...more } },
    { id: "second", kind: "agent", config: { agent_id, input_mapping: { message: "run.input.message" }, ...last } },
    { id: "out", kind: "output" },
  ]);

const on = (path: string, body: object) => company.call("POST", `/test/${path}`, body);
// biome-ignore lint/suspicious/noExplicitAny: tests look into answers of many shapes
const stepOf = (body: any, node_id: string, attempt = 1) =>
  body.steps.find((step: { node_id: string; attempt: number }) => step.node_id === node_id && step.attempt === attempt);

describe("a test of an agent", () => {
  it("runs the working copy of one that was never active, and stands in its history", async () => {
    const draft = await createAgent(company, { model_id, system_prompt: "Say little." });
    const said = unique("Draft");
    const { status, body } = await on(`agents/${draft.id}`, { input: { message: `[[say:${said}]]` } });
    expect([status, body.status, body.output]).toEqual([200, "completed", { text: said }]);
    expect([body.kind, body.test.draft, body.pinned.agents]).toEqual(["agent", true, {}]);
    const history = await company.call("GET", `/test/agents/${draft.id}/history`);
    expect(history.body.items).toMatchObject([{ id: body.id, status: "completed" }]);
    const retried = await company.call("POST", `/runs/${body.id}/retry`, {});
    expect([retried.status, retried.body.code]).toEqual([409, "conflict"]);
  });

  it("runs it with fields replaced, and makes no version of that", async () => {
    const before = (await company.call("GET", `/agents/${agent_id}`)).body;
    const marker = unique("Overridden");
    const { body } = await on(`agents/${agent_id}`, {
      input: { message: marker },
      overrides: { system_prompt: `You are ${marker}, a pirate.`, temperature: 0.1 },
    });
    expect(body.status).toBe("completed");
    const [asked] = await askedOf(marker);
    expect(asked?.body.temperature).toBe(0.1);
    expect(JSON.stringify(asked?.body.messages)).toContain("a pirate");
    expect((await company.call("GET", `/agents/${agent_id}`)).body).toEqual(before);
  });

  it("does not replace its models by any that there are not, or that its guardrail does not guard", async () => {
    const unknown = "scripted/nobody-knows";
    for (const [overrides, path] of [
      [{ model_id: unknown }, "overrides.model_id"],
      [{ fallback_model_ids: [model_id, unknown] }, "overrides.fallback_model_ids.1"],
    ] as const) {
      const refused = await on(`agents/${agent_id}`, { overrides });
      expect([refused.status, refused.body.code, refused.body.issues[0].path]).toEqual([422, "unknown_model", path]);
    }
    const guardrail = { id: "gr8zq1p4x0c2", version: "3" };
    const guarded = await createAgent(company, { model_id: "amazon-bedrock/claude-haiku-4-5", guardrail });
    const elsewhere = await on(`agents/${guarded.id}`, { overrides: { model_id } });
    expect([elsewhere.status, elsewhere.body.code, elsewhere.body.issues[0].path]).toEqual([
      422,
      "validation_failed",
      "overrides.model_id",
    ]);
  });

  it("runs a version as it is, and not one that is not there", async () => {
    const { body } = await on(`agents/${agent_id}`, { input: { message: unique("One") }, version: 1 });
    expect([body.status, body.pinned.agents, body.test]).toEqual(["completed", { [agent_id]: 1 }, null]);
    const none = await on(`agents/${agent_id}`, { version: 77 });
    expect([none.status, none.body.code, none.body.issues[0].path]).toEqual([422, "reference_not_found", "version"]);
  });

  it("is refused where it replaces something and may change no agent, or is archived", async () => {
    const archived = (await createAgent(company, { model_id })).id;
    await company.call("POST", `/agents/${archived}/archive`, {});
    expect((await on(`agents/${archived}`, {})).status).toBe(409);
    const empty = await on(`agents/${agent_id}`, { overrides: {} });
    expect([empty.status, empty.body.issues[0].path]).toEqual([422, "overrides"]);
    const named = await on(`agents/${agent_id}`, { overrides: { name: "Other" } });
    expect([named.status, named.body.issues[0].path]).toEqual([422, "overrides.name"]);
  });
});

describe("a test of a draft", () => {
  it("runs the graph that was sent, which becomes no revision", async () => {
    const before = (await company.call("GET", `/pipelines/${pipeline_id}`)).body;
    const said = unique("Sketch");
    const drawn = asks({}, { input_mapping: { message: '"[[say:" & run.input.word & "]]"' } });
    const { status, body } = await on(`pipelines/${pipeline_id}`, {
      input: { message: "Hi", word: said },
      graph: drawn,
    });
    expect([status, body.status, body.output]).toEqual([200, "completed", { text: said }]);
    expect([body.pinned.revision, body.test.draft]).toEqual([null, true]);
    expect((await company.call("GET", `/pipelines/${pipeline_id}`)).body).toEqual(before);
    expect((await company.call("GET", `/runs/${body.id}/timeline`)).status).toBe(200);
  });

  it("refuses one with errors, one beside a revision, and a node that is drawn twice", async () => {
    const lone = await on(`pipelines/${pipeline_id}`, { graph: graphOf([{ id: "in", kind: "input" }], []) });
    expect([lone.status, lone.body.code]).toEqual([409, "graph_invalid"]);
    const both = await on(`pipelines/${pipeline_id}`, { graph: asks(), revision: 1 });
    expect([both.status, both.body.issues[0].path]).toEqual([422, "graph"]);
    const { nodes, connections } = asks();
    const twice = await on(`pipelines/${pipeline_id}`, { graph: { nodes: [...nodes, nodes[0]], connections } });
    expect([twice.status, twice.body.code]).toEqual([422, "validation_failed"]);
  });
});

describe("a test of one node", () => {
  const at = (node_id: string, body: object) => on(`pipelines/${pipeline_id}/nodes/${node_id}`, body);

  it("works it alone, by what is given, and by what a run has come to", async () => {
    const said = unique("Alone");
    const given = await at("second", {
      input: { message: `[[say:${said}]]` },
      upstream: { first: { text: "Before." } },
    });
    expect([given.status, given.body.status, given.body.output]).toEqual([200, "completed", { text: said }]);
    expect(given.body.steps.map((step: { node_id: string }) => step.node_id)).toEqual(["second"]);
    expect(given.body.test).toMatchObject({ node_id: "second" });

    const whole = unique("Whole");
    const run = await ended(company, await testRun(company, pipeline_id, { input: { message: `[[say:${whole}]]` } }));
    const again = await at("second", { run_id: run.id });
    expect([again.body.status, again.body.output, again.body.input]).toEqual([
      "completed",
      { text: whole },
      { message: `[[say:${whole}]]` },
    ]);
    const history = await company.call("GET", `/test/pipelines/${pipeline_id}/history`);
    expect(history.body.items[0].id).toBe(again.body.id);
  });

  it("works it by what a test case says: its input, and what its run has come to", async () => {
    const said = unique("Case");
    const run = await ended(company, await testRun(company, pipeline_id, { input: { message: `[[say:${said}]]` } }));
    const suite = (await company.call("POST", `/pipelines/${pipeline_id}/suites`, { name: unique("Suite") })).body;
    const made = await company.call("POST", `/suites/${suite.id}/cases`, {
      name: "Says it",
      from_run_id: run.id,
      expect_output: true,
    });
    expect(made.status, made.text).toBe(201);
    const one = { suite_id: suite.id, case_id: made.body.id };
    const { body } = await at("second", { case: one });
    expect([body.status, body.output, body.input]).toEqual([
      "completed",
      { text: said },
      { message: `[[say:${said}]]` },
    ]);
    const both = await at("second", { case: one, run_id: run.id });
    expect([both.status, both.body.issues[0].path]).toEqual([422, "case"]);
    const gone = await at("second", { case: { ...one, case_id: suite.id.replace("sui_", "cas_") } });
    expect([gone.status, gone.body.code, gone.body.issues[0].path]).toEqual([422, "reference_not_found", "case"]);
    for (const target of [`/agents/${agent_id}`, `/pipelines/${await pipelineWith(company, asks(), "custom")}`]) {
      const its = (await company.call("POST", `${target}/suites`, { name: unique("Suite") })).body;
      const other = await company.call("POST", `/suites/${its.id}/cases`, {
        name: "Another's",
        input: { message: "Hi" },
        assertions: [{ kind: "status", status: "completed" }],
      });
      expect(other.status, other.text).toBe(201);
      const foreign = await at("second", { case: { suite_id: its.id, case_id: other.body.id } });
      expect([foreign.status, foreign.body.code, foreign.body.issues[0].path]).toEqual([
        422,
        "reference_not_found",
        "case",
      ]);
    }
    const bare = await company.call("POST", `/suites/${suite.id}/cases`, {
      name: "Made up",
      input: { message: "[[say:Given]]" },
      assertions: [{ kind: "equals", value: { text: "Given" } }],
    });
    expect(bare.status, bare.text).toBe(201);
    const alone = await at("second", { case: { ...one, case_id: bare.body.id } });
    expect([alone.status, alone.body.issues[0].path]).toEqual([422, "upstream.first"]);
    const given = await at("second", {
      case: { ...one, case_id: bare.body.id },
      upstream: { first: { text: "Before." } },
    });
    expect([given.body.status, given.body.output]).toEqual(["completed", { text: "Given" }]);
  });

  it("works a rule, too, and the input itself", async () => {
    const graph = chain([
      { id: "in", kind: "input" },
      { id: "first", kind: "agent", config: { agent_id } },
      { id: "second", kind: "agent", config: { agent_id } },
      { id: "both", kind: "transform", config: { expression: 'input.text & "+" & steps.first.output.text' } },
      { id: "out", kind: "output" },
    ]);
    const both = await at("both", { graph, upstream: { second: { text: "B" }, first: { text: "A" } } });
    expect([both.body.status, both.body.output]).toEqual(["completed", "B+A"]);
    const input = await at("in", { input: { message: "Itself" } });
    expect([input.body.status, input.body.output]).toEqual(["completed", { message: "Itself" }]);
  });

  it("says what is missing, what is not needed, and which node or run there is not", async () => {
    const missing = await at("second", {});
    expect([missing.status, missing.body.issues[0].path]).toEqual([422, "upstream.first"]);
    const idle = await at("second", { upstream: { first: 1, out: 2 } });
    expect([idle.status, idle.body.issues[0].path]).toEqual([422, "upstream.out"]);
    expect((await at("nobody", {})).status).toBe(404);
    const other = (await company.call("POST", `/agents/${agent_id}/runs`, { input: { message: unique("Else") } })).body;
    const foreign = await at("second", { run_id: other.id });
    expect([foreign.status, foreign.body.issues[0].path]).toEqual([422, "run_id"]);
  });
});

describe("a node that is made to meet a fault", () => {
  const tried = (more: object, fault: object, options: object = {}) =>
    on(`pipelines/${pipeline_id}`, {
      input: { message: unique("Fault") },
      graph: asks({}, more),
      faults: { second: fault },
      options,
    });

  it("is retried, asks again after the time that it is told, and succeeds once it is over", async () => {
    const { body } = await tried({ retry: { max_attempts: 2, backoff_ms: 10 } }, { kind: "server_error", attempts: 1 });
    expect(body.status).toBe("completed");
    expect(stepOf(body, "second")).toMatchObject({
      status: "failed",
      fault: "server_error",
      retried: true,
      error: { code: "model_unavailable" },
      tokens_in: 0,
    });
    expect(stepOf(body, "second", 2)).toMatchObject({ status: "completed", fault: null });
    expect(stepOf(body, "first").fault).toBe(null);
  });

  it.each([
    ["rate_limited", "model_rate_limited"],
    ["garbage", "model_answer_invalid"],
    ["timeout", "model_timeout"],
    ["slow_stream", "model_timeout"],
  ])("of the kind %s fails as %s, and costs nothing", async (kind, code) => {
    const { body } = await tried({ timeout_ms: 2_000 }, { kind });
    expect([body.status, body.error.code]).toEqual(["failed", code]);
    expect(stepOf(body, "second")).toMatchObject({ fault: kind, tokens_in: 0, cost_usd_micros: 0 });
  });

  it("goes on with its fallback", async () => {
    const { body } = await tried({ on_failure: "fallback", fallback: { text: "Sorry." } }, { kind: "server_error" });
    expect([body.status, body.output]).toEqual(["completed", { text: "Sorry." }]);
  });

  it("has to call somebody", async () => {
    const refused = await on(`pipelines/${pipeline_id}`, {
      faults: { out: { kind: "timeout" }, nobody: { kind: "timeout" } },
    });
    expect([refused.status, refused.body.issues.map(({ path }: { path: string }) => path)]).toEqual([
      422,
      ["faults.out", "faults.nobody"],
    ]);
  });
});

describe("a cassette", () => {
  it("answers a test from what another has recorded: nobody is called, nothing is paid", async () => {
    const receiver = await startReceiver();
    const graph = chain([
      { id: "in", kind: "input" },
      { id: "first", kind: "agent", config: { agent_id, input_mapping: { message: "run.input.message" } } },
      {
        id: "tell",
        kind: "http",
        config: { method: "POST", url: receiver.url, body: '{"said": steps.first.output.text}' },
      },
      { id: "second", kind: "agent", config: { agent_id, input_mapping: { message: "run.input.message" } } },
      { id: "out", kind: "output" },
    ]);
    const input = { message: unique("Tape") };
    const recorded = await on(`pipelines/${pipeline_id}`, { input, graph, cassette: { record: true } });
    expect(recorded.body.status, JSON.stringify(recorded.body.error)).toBe("completed");
    const calls = async () => [(await askedOf(input.message)).length, receiver.received.length];
    const before = await calls();
    expect(before).toEqual([2, 1]);

    const cassette = { replay: recorded.body.id };
    const replayed = await on(`pipelines/${pipeline_id}`, { input, graph, cassette });
    expect([replayed.body.status, replayed.body.output]).toEqual(["completed", recorded.body.output]);
    expect([replayed.body.token_usage.total, replayed.body.cost_usd_micros]).toEqual([0, 0]);
    for (const node of ["first", "tell", "second"]) expect(stepOf(replayed.body, node).replayed_calls, node).toBe(1);
    expect(replayed.body.test.cassette).toEqual({ record: false, replay_run_id: recorded.body.id, on_miss: "fail" });
    expect(await calls()).toEqual(before);

    const other = { message: unique("Missed") };
    const missed = await on(`pipelines/${pipeline_id}`, { input: other, graph, cassette });
    expect([missed.body.status, missed.body.error.code]).toEqual(["failed", "cassette_miss"]);
    expect(await askedOf(other.message)).toEqual([]);
    const called = await on(`pipelines/${pipeline_id}`, { input: other, cassette: { ...cassette, on_miss: "call" } });
    expect([called.body.status, stepOf(called.body, "first").replayed_calls]).toEqual(["completed", 0]);
    expect((await askedOf(other.message)).length).toBeGreaterThan(0);
  });

  it("keeps no secret that a host echoes: whoever replays it need not hold it, and does not get it", async () => {
    const receiver = await startReceiver();
    const secret = unique("very-secret");
    const echoed = { status: 200, headers: { "content-type": "application/json", "x-echo": secret } };
    receiver.reply("/echo", { ...echoed, body: JSON.stringify({ you: `Bearer ${secret}` }) });
    const drawn = (more: object) =>
      chain([
        { id: "in", kind: "input" },
        { id: "first", kind: "agent", config: { agent_id } },
        { id: "second", kind: "agent", config: { agent_id } },
        { id: "call", kind: "http", config: { method: "GET", url: `${receiver.url}/echo`, ...more } },
        { id: "out", kind: "output" },
      ]);
    const secret_headers = { Authorization: `Bearer ${secret}` };
    const input = { message: unique("Echoes") };
    const recorded = await on(`pipelines/${pipeline_id}`, {
      input,
      graph: drawn({ secret_headers }),
      cassette: { record: true },
    });
    expect(recorded.status, recorded.text).toBe(200);
    expect(receiver.received[0]?.headers.authorization).toBe(`Bearer ${secret}`);
    expect([recorded.body.status, recorded.body.output.body]).toEqual(["completed", { you: "[redacted]" }]);
    const cassette = { replay: recorded.body.id };
    const replayed = await on(`pipelines/${pipeline_id}`, { input, graph: drawn({}), cassette });
    expect([replayed.body.status, replayed.body.output]).toEqual(["completed", recorded.body.output]);
    expect([stepOf(replayed.body, "call").replayed_calls, receiver.received.length]).toEqual([1, 1]);
    expect(replayed.text).not.toContain(secret);
  });

  it("is one once it has been recorded to its end, and that of the outermost run", async () => {
    const slow = await on(`agents/${agent_id}`, {
      input: { message: `${unique("Reel")} [[delay:3000]]` },
      cassette: { record: true },
      options: { stream: true },
    });
    const early = await on(`agents/${agent_id}`, { cassette: { replay: slow.body.id } });
    expect([early.status, early.body.code]).toEqual([409, "conflict"]);
    await ended(company, slow.body.id);
    const then = await on(`agents/${agent_id}`, { input: slow.body.input, cassette: { replay: slow.body.id } });
    expect([then.status, then.body.status]).toEqual([200, "completed"]);
  });

  it("has to be one", async () => {
    const run = await on(`agents/${agent_id}`, { input: { message: unique("Silent") } });
    for (const [cassette, path] of [
      [{ replay: run.body.id }, "cassette.replay"],
      [{ record: true, replay: run.body.id }, "cassette"],
      [{}, "cassette"],
    ] as const) {
      const refused = await on(`agents/${agent_id}`, { cassette });
      expect([refused.status, refused.body.issues[0].path]).toEqual([422, path]);
    }
  });
});

describe("a test for another member", () => {
  it("is refused where either may not start it, and says for which permission", async () => {
    const [viewer, developer] = await Promise.all([addMember(company, "viewer"), addMember(company, "developer")]);
    const body = { input: { message: unique("As") } };
    const refused = await on(`agents/${agent_id}`, { ...body, as_user: viewer.user_id });
    expect([refused.status, refused.body.permission, refused.body.user_id]).toEqual([
      403,
      "agents:execute",
      viewer.user_id,
    ]);
    const own = await viewer.call("POST", `/test/agents/${agent_id}`, { ...body, as_user: developer.user_id });
    expect([own.status, own.body.user_id]).toEqual([403, undefined]);
    const both = await on(`agents/${agent_id}`, { ...body, as_user: developer.user_id });
    expect([both.status, both.body.test.as_user_id]).toEqual([200, developer.user_id]);
    const stranger = await on(`agents/${agent_id}`, { ...body, as_user: "usr_01JDQ4X0Z5V8W3N7K2M9R6T1BC" });
    expect([stranger.status, stranger.body.issues[0].path]).toEqual([422, "as_user"]);
  });
});
