import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createAgent, scriptedModel } from "../../support/agents.ts";
import type { Company } from "../../support/api.ts";
import { mcpServer } from "../../unit/executions/tools-server.ts";
import { ended, graphOf, lab, pages, pipelineWith, redraw, testRun } from "./setup.ts";

const SECRET = "t0p-secret-key-88";

let company: Company;
let agent_id: string;
let pipeline: string;
let server: Server;
let answer: { status: number; body: string } = { status: 200, body: "{}" };
let seen: { url: string; headers: IncomingMessage["headers"] }[] = [];
let says = "Does";
let mcp: Awaited<ReturnType<typeof mcpServer>>;

const parameters = { type: "object", properties: { id: { type: "string" } }, required: ["id"] };
const graph = (config: object) =>
  graphOf(
    [
      { id: "in", kind: "input" },
      { id: "call", kind: "tool", config: { agent_id, ...config } },
      { id: "out", kind: "output" },
    ],
    [
      ["in", "call"],
      ["call", "out"],
    ],
  );

async function run(config: object, input: unknown) {
  seen = [];
  await redraw(company, pipeline, graph(config));
  const id = await testRun(company, pipeline, { input });
  const run = await ended(company, id);
  const steps = await pages(company, `/runs/${id}/steps`);
  return { run, attempts: steps.filter(({ node_id }) => node_id === "call") };
}

beforeAll(async () => {
  server = createServer((request, response) => {
    seen.push({ url: request.url ?? "", headers: request.headers });
    const echo = request.url === "/orders/echo" ? JSON.stringify({ key: request.headers["x-key"] }) : answer.body;
    response.writeHead(answer.status, { "content-type": "application/json" }).end(echo);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  mcp = await mcpServer({ says: () => says });
  ({ company } = await lab());
  const agent = await createAgent(company, { model_id: await scriptedModel(company) });
  agent_id = agent.id;
  const tools = [
    {
      name: "order",
      description: "Finds an order",
      tool_type: "api",
      config: {
        endpoint: `${origin}/orders/{id}`,
        method: "GET",
        parameters,
        secret_headers: { "x-key": SECRET },
      },
    },
    {
      name: "double",
      description: "Doubles a number",
      tool_type: "function",
      config: { parameters: { type: "object", properties: { n: { type: "number" } } }, expression: "n * 2" },
    },
    {
      name: "off",
      description: "Is switched off",
      tool_type: "function",
      is_enabled: false,
      config: { parameters: { type: "object" }, expression: "1" },
    },
    {
      name: "sums",
      description: "Sums",
      tool_type: "mcp",
      config: { server: `${mcp.origin}/mcp`, tools: ["add", "fail"] },
    },
  ];
  for (const tool of tools) expect((await company.call("POST", `/agents/${agent_id}/tools`, tool)).status).toBe(201);
  expect((await company.call("POST", `/agents/${agent_id}/activate`, {})).status).toBe(200);
  pipeline = await pipelineWith(company, graph({ tool: "double" }), "custom");
});
afterAll(async () => {
  await mcp.close();
  await new Promise((resolve) => server.close(resolve));
});

describe("a step that calls a tool", () => {
  it("gets its answer, without a model and without tokens", async () => {
    const { run: one, attempts } = await run({ tool: "double", input_mapping: { n: "input.n" } }, { n: 21 });
    expect([one.status, one.output, one.totals.tokens_in]).toEqual(["completed", 42, 0]);
    expect(attempts[0].model).toBeNull();
    expect(one.pinned.agents).toEqual({ [agent_id]: 1 });
  });

  it("sends an API its arguments and the stored secret once, with a key by which it knows the same call", async () => {
    answer = { status: 200, body: JSON.stringify({ total: 3 }) };
    const { run: one } = await run({ tool: "order" }, { id: "a/b" });
    expect([one.output, seen.length, seen[0]?.url]).toEqual([{ total: 3 }, 1, "/orders/a%2Fb"]);
    expect(seen[0]?.headers).toMatchObject({ "x-key": SECRET, "idempotency-key": `${one.id}-call` });
    const echoed = await run({ tool: "order" }, { id: "echo" });
    expect(echoed.run.output).toEqual({ key: "[redacted]" });
  });

  it("calls one tool of an MCP server, as long as that is described as it was accepted", async () => {
    const add = { tool: "sums", mcp_tool: "add", input_mapping: { a: "input.a", b: "2" } };
    const { run: one } = await run(add, { a: 1 });
    expect(one.status, JSON.stringify(one.error)).toBe("completed");
    expect(JSON.stringify(one.output)).toContain("3");
    const failed = await run({ tool: "sums", mcp_tool: "fail" }, {});
    expect(failed.run.error.code).toBe("tool_error");
    const wrong = await run({ ...add, input_mapping: { a: '"one"' } }, {});
    expect(wrong.run.error.code).toBe("tool_arguments_invalid");
    says = "Quietly does";
    const changed = await run(add, { a: 1 });
    expect([changed.run.status, changed.run.error.code]).toEqual(["failed", "tool_changed"]);
    says = "Does";
    expect((await run(add, { a: 1 })).run.status).toBe("completed");
  });

  it("fails at once where the arguments are wrong, and sends nothing", async () => {
    const twice = { tool: "order", retry: { max_attempts: 2, backoff_ms: 0 } };
    const { run: one, attempts } = await run(twice, { id: 7 });
    expect([one.status, one.error.code, attempts.length, seen]).toEqual(["failed", "tool_arguments_invalid", 1, []]);
    expect((await run(twice, "text")).run.error.code).toBe("tool_arguments_invalid");
  });

  it("is tried again where the server may answer another time, and takes its fallback", async () => {
    answer = { status: 503, body: "{}" };
    const policy = { retry: { max_attempts: 2, backoff_ms: 0 }, on_failure: "fallback", fallback: "none" };
    const { run: one, attempts } = await run({ tool: "order", ...policy }, { id: "1" });
    expect([one.output, attempts.length, seen.length]).toEqual(["none", 2, 2]);
    expect(new Set(seen.map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
    answer = { status: 422, body: "{}" };
    expect((await run({ tool: "order", ...policy }, { id: "1" })).attempts).toHaveLength(1);
  });

  it.each([
    ["is not there", { tool: "nothing" }, "tool_not_found"],
    ["is switched off", { tool: "off" }, "tool_disabled"],
    ["is no tool that the server may be used for", { tool: "sums", mcp_tool: "secret" }, "tool_not_found"],
    ["is a server without a tool", { tool: "sums" }, "tool_not_found"],
    ["is no server", { tool: "double", mcp_tool: "add" }, "tool_not_found"],
    ["is not named", {}, "config_incomplete"],
    ["is of no agent", { agent_id: undefined, tool: "double" }, "agent_not_set"],
  ])("is refused before it runs where the tool %s", async (_, config, code) => {
    const saved = await company.call("PUT", `/pipelines/${pipeline}/graph`, graph(config));
    expect(saved.body.validation.errors.map((error: { code: string }) => error.code)).toEqual([code]);
    const refused = await company.call("POST", `/pipelines/${pipeline}/runs`, { mode: "test", input: {} });
    expect([refused.status, refused.body.code]).toEqual([409, "graph_invalid"]);
  });

  it("stops the run where its agent has been archived meanwhile", async () => {
    const nodes = [
      { id: "in", kind: "input" },
      { id: "wait", kind: "wait", config: { seconds: 3 } },
      { id: "call", kind: "tool", config: { agent_id, tool: "double", input_mapping: { n: "1" } } },
      { id: "out", kind: "output" },
    ];
    const chain = graphOf(nodes, [
      ["in", "wait"],
      ["wait", "call"],
      ["call", "out"],
    ]);
    await redraw(company, pipeline, chain);
    const id = await testRun(company, pipeline, { input: {} });
    expect((await company.call("DELETE", `/agents/${agent_id}?force=true`)).status).toBe(204);
    expect(await ended(company, id)).toMatchObject({ status: "stopped", error: { code: "agent_archived" } });
  });
});
