import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { askedOf } from "../../support/agents.ts";
import { type Company, unique } from "../../support/api.ts";
import { type Receiver, startReceiver } from "../../support/receiver.ts";
import { type Edge, ended, graphOf, type Lab, lab, type Node, pages, pipelineWith, redraw, testRun } from "./setup.ts";

let one: Lab;
let company: Company;
let pipeline_id: string;
let receiver: Receiver;

const graph = (first: object, more: { nodes?: Node[]; edges?: Edge[] } = {}) =>
  graphOf(
    [
      { id: "in", kind: "input" },
      { id: "first", kind: "agent", config: { agent_id: one.agent_id, input_mapping: "run.input.message", ...first } },
      { id: "second", kind: "agent", config: { agent_id: one.agent_id, input_mapping: '"after: " & $string(input)' } },
      { id: "out", kind: "output" },
      ...(more.nodes ?? []),
    ],
    [["in", "first"], ["first", "second"], ["second", "out"], ...(more.edges ?? [])],
  );

beforeAll(async () => {
  one = await lab();
  company = one.company;
  receiver = await startReceiver();
  pipeline_id = await pipelineWith(company, graph({}));
});
afterAll(() => receiver.close());

const runWith = async (config: object, input: unknown, more = {}) => {
  await redraw(company, pipeline_id, graph(config, more));
  return ended(company, await testRun(company, pipeline_id, { input }));
};

describe("a step that fails", () => {
  it("fails the run with its error, and its message never becomes anybody's input", async () => {
    const mark = unique();
    const run = await runWith({}, { message: `[[fail:400]] ${mark}` });
    expect(run).toMatchObject({
      status: "failed",
      output: null,
      error: { code: "model_request_invalid", node_id: "first" },
    });
    const steps = await pages(company, `/runs/${run.id}/steps`);
    expect(steps.map(({ node_id, status }) => [node_id, status])).toEqual([
      ["first", "failed"],
      ["in", "completed"],
    ]);
    expect(steps[0].error).toMatchObject({ code: "model_request_invalid" });
    expect((await askedOf(mark)).filter(({ body }) => JSON.stringify(body).includes("after: "))).toEqual([]);
    const log = await pages(company, `/runs/${run.id}/logs`);
    expect(log.slice(-2).map(({ type, level }) => [type, level])).toEqual([
      ["step.failed", "error"],
      ["run.failed", "error"],
    ]);
  });

  it("is tried again as often as its policy says, each attempt a step of its own with its own idempotency key", async () => {
    const mark = unique();
    const retry = { max_attempts: 3, backoff_ms: 100 };
    const run = await runWith({ retry }, { message: `[[fail:503,times=2]] ${mark}` });
    expect(run.status).toBe("completed");
    expect(run.totals.steps).toBe(4);
    const steps = (await pages(company, `/runs/${run.id}/steps`)).filter(({ node_id }) => node_id === "first");
    expect(steps.map(({ attempt, status, retried }) => [attempt, status, retried])).toEqual([
      [1, "failed", true],
      [2, "failed", true],
      [3, "completed", false],
    ]);
    expect(steps[2].wait_until).toBeNull();
    const asked = (await askedOf(mark)).filter(({ body }) => !JSON.stringify(body).includes("after: "));
    expect(asked.map(({ headers }) => headers["idempotency-key"])).toEqual(
      [1, 2, 3].map((attempt) => `${run.id}-first-${attempt}-1`),
    );
  });

  it("that no attempt can mend is not tried again", async () => {
    const run = await runWith({ retry: { max_attempts: 3, backoff_ms: 100 } }, { message: `[[fail:401]] ${unique()}` });
    expect(run).toMatchObject({ status: "failed", error: { code: "provider_key_invalid" } });
    expect(await pages(company, `/runs/${run.id}/steps`)).toHaveLength(2);
  });

  it("leaves by its error edge, where it has one, and the run completes", async () => {
    const more = {
      nodes: [{ id: "rescue", kind: "transform", config: { expression: '{"rescued": input.error.code}' } }],
      edges: [
        ["first", "rescue", "error"],
        ["rescue", "out"],
      ] as Edge[],
    };
    const run = await runWith({ on_failure: "error_edge" }, { message: `[[fail:400]] ${unique()}` }, more);
    expect(run).toMatchObject({ status: "completed", output: { rescued: "model_request_invalid" }, error: null });
    const steps = await pages(company, `/runs/${run.id}/steps`);
    expect(Object.fromEntries(steps.map((step) => [step.node_id, step.status]))).toEqual({
      in: "completed",
      first: "failed",
      second: "skipped",
      rescue: "completed",
      out: "completed",
    });
  });

  it("goes on with its fallback, and the step still tells what failed", async () => {
    const config = { on_failure: "fallback", fallback: { text: "spare" } };
    const run = await runWith(config, { message: `[[fail:400]] ${unique()}` });
    expect(run.status).toBe("completed");
    const { body } = await company.call("GET", `/runs/${run.id}/steps/first/1`);
    expect(body).toMatchObject({
      status: "completed",
      output: { text: "spare" },
      error: { code: "model_request_invalid" },
    });
  });

  it("that takes longer than its timeout fails with that reason", async () => {
    const run = await runWith({ timeout_ms: 500 }, { message: `[[delay:5000]] ${unique()}` });
    expect(run).toMatchObject({ status: "failed", error: { code: "model_timeout", node_id: "first" } });
  });
});

describe("an http step", () => {
  const http = (config: object): { nodes: Node[]; edges: Edge[] } => ({
    nodes: [{ id: "call", kind: "http", config }],
    edges: [
      ["in", "call"],
      ["call", "out"],
    ],
  });

  it("sends what its config says, tells its idempotency key in every attempt, and gives status, headers and body", async () => {
    const path = `/${unique("hook")}`;
    receiver.reply(
      `${path}?to=a%26b`,
      { status: 503 },
      { status: 200, headers: { "content-type": "application/json" }, body: '{"ok":[1]}' },
    );
    const config = {
      method: "POST",
      url: `${receiver.url}${path}?to={{ run.input.to }}`,
      headers: { "X-Trace": "{{ run.input.trace }}", "Content-Type": "application/vnd.own+json" },
      secret_headers: { Authorization: "Bearer very-secret" },
      body: { message: "run.input.message" },
      retry: { max_attempts: 2, backoff_ms: 0 },
    };
    const input = { message: "hi", to: "a&b", trace: "t-1" };
    const run = await runWith({}, input, http(config));
    expect(run.status).toBe("completed");
    const { body } = await company.call("GET", `/runs/${run.id}/steps/call/2`);
    expect(body.output).toMatchObject({ status: 200, body: { ok: [1] } });
    const received = receiver.received.filter((request) => request.path.startsWith(path));
    expect(received).toHaveLength(2);
    for (const request of received) {
      expect(request.path).toBe(`${path}?to=a%26b`);
      expect(JSON.parse(request.body)).toEqual({ message: "hi" });
      expect(request.headers).toMatchObject({
        "x-trace": "t-1",
        authorization: "Bearer very-secret",
        "content-type": "application/vnd.own+json",
        "idempotency-key": `${run.id}-call`,
      });
    }
    const traces = [run, await pages(company, `/runs/${run.id}/logs`), await pages(company, `/runs/${run.id}/steps`)];
    expect(JSON.stringify(traces)).not.toContain("very-secret");
  });

  it("fails on an error status, a redirect and a blocked address", async () => {
    const path = `/${unique("hook")}`;
    for (const [url, reply, code] of [
      [`${receiver.url}${path}-a`, { status: 404 }, "http_status_404"],
      [`${receiver.url}${path}-b`, { status: 302, headers: { location: "/" } }, "http_status_302"],
      ["http://169.254.169.254/latest/meta-data", undefined, "http_blocked_address"],
    ] as const) {
      if (reply !== undefined) receiver.reply(new URL(url).pathname, reply);
      const run = await runWith({}, { message: "x" }, http({ url }));
      expect(run).toMatchObject({ status: "failed", error: { code, node_id: "call" } });
    }
  });
});

describe("a large output", () => {
  const text = (times: number) => `($r := "0123456789"; ${"$r := $r & $r; ".repeat(times)}$r)`;
  const big = (...ids: string[]): { nodes: Node[]; edges: Edge[] } => ({
    nodes: [
      ...ids.map((id) => ({ id, kind: "transform", config: { expression: text(16) } })),
      { id: "all", kind: "merge", config: { strategy: "concat" } },
    ],
    edges: [
      ...ids.flatMap((id): Edge[] => [
        ["in", id],
        [id, "all"],
      ]),
      ["all", "out"],
    ],
  });

  it("is kept and given whole, and left out of lists", async () => {
    const run = await runWith({}, { message: "x" }, big("one"));
    expect(run.status).toBe("completed");
    expect(run.output.all).toHaveLength(655_360);
    const { body } = await company.call("GET", `/runs/${run.id}/steps/one/1`);
    expect(body.output).toHaveLength(655_360);
    const listed = await company.call("GET", `/runs/${run.id}/steps?node_id=one`);
    expect(listed.body.items[0]).toMatchObject({ output_bytes: 655_362 });
    expect("output" in listed.body.items[0]).toBe(false);
  });

  it("of more than 1 MB fails its step", async () => {
    const run = await runWith({}, { message: "x" }, big("one", "two"));
    expect(run).toMatchObject({ status: "failed", error: { code: "output_too_large", node_id: "all" } });
  });
});
