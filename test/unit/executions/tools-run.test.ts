import { afterEach, describe, expect, test } from "vitest";
import {
  storedToolConfig,
  type Tool,
  toolConfigInput,
  toolName,
} from "../../../functions/agents/tools/rules/definition.ts";
import { toolIssues } from "../../../functions/agents/tools/rules/issues.ts";
import { createToolRunner, executeTool, type ToolDependencies } from "../../../functions/executions/tools/runner.ts";
import { compileExpression } from "../../../shared/expressions/expression.ts";
import { createOutbound } from "../../../shared/outbound/index.ts";
import { createSecrets } from "../../../shared/secrets/index.ts";
import { memoryKeys } from "../secrets/memory-keys.ts";
import { mcpServer, toolServer } from "./tools-server.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

const secrets = createSecrets({ keys: memoryKeys() });
const context = { purpose: "tool_headers", tenant: "org_1", field: "agent_tool.secret_header" } as const;
const sealed = await secrets.encrypt("Bearer s3cr3t-token", context);
const parameters = { type: "object", required: ["id"], properties: { id: { type: "string" }, q: { type: "integer" } } };

const dependencies = (outbound: ToolDependencies["outbound"] = createOutbound()): ToolDependencies => ({
  outbound,
  compile_expression: compileExpression,
  changed_tools: async () => new Set(),
  open_secret: (secret) => secrets.decrypt(secret, context),
});

const tool = (config: unknown, name = "lookup"): Tool => ({
  id: `tool_${name}`,
  name,
  description: "Looks up",
  ...storedToolConfig.parse(config),
});

describe("an API tool", () => {
  const api = (origin: string, more: object = {}): Tool =>
    tool({
      tool_type: "api",
      config: {
        endpoint: `${origin}/users/{id}`,
        method: "GET",
        headers: { "X-Plain": "yes" },
        secret_headers: { Authorization: sealed },
        parameters,
        ...more,
      },
    });
  const call = { name: "lookup", arguments: { id: "a/b", q: 5 } };
  const started = async (answer: Parameters<typeof toolServer>[0]) => {
    const server = await toolServer(answer);
    cleanups.push(server.close);
    return server;
  };

  test("sends arguments and opened secrets, and gives back the JSON it gets", async () => {
    const { origin, requests, outbound } = await started((_, response) =>
      response.writeHead(200, { "content-type": "application/json; charset=utf-8" }).end('{"name":"Ada"}'),
    );
    expect(await executeTool(api(origin), call, dependencies(outbound))).toEqual({ ok: true, output: { name: "Ada" } });
    expect(requests).toMatchObject([
      { method: "GET", url: "/users/a%2Fb?q=5", headers: { authorization: "Bearer s3cr3t-token", "x-plain": "yes" } },
    ]);
  });

  test("POST sends what the address does not name, or the body template", async () => {
    const { origin, requests, outbound } = await started((_, response) => response.end("done"));
    const post = api(origin, { method: "POST" });
    expect(await executeTool(post, call, dependencies(outbound))).toEqual({ ok: true, output: "done" });
    const templated = api(origin, { method: "PUT", body: { user: { key: "{id}" }, n: "{q}" } });
    expect(await executeTool(templated, call, dependencies(outbound))).toMatchObject({ ok: true });
    expect(requests.map(({ method, url, text }) => [method, url, JSON.parse(text)])).toEqual([
      ["POST", "/users/a%2Fb", { q: 5 }],
      ["PUT", "/users/a%2Fb", { user: { key: "a/b" }, n: 5 }],
    ]);
  });

  test.each([
    [400, "tool_rejected"],
    [401, "tool_unauthorized"],
    [403, "tool_unauthorized"],
    [404, "tool_rejected"],
    [302, "tool_rejected"],
    [429, "tool_unavailable"],
    [500, "tool_unavailable"],
    [504, "tool_timeout"],
  ])("status %i is %s", async (status, code) => {
    const { origin, outbound } = await started((_, response) =>
      response.writeHead(status, { location: "http://127.0.0.1:1/" }).end("why"),
    );
    expect(await executeTool(api(origin), call, dependencies(outbound))).toMatchObject({ ok: false, code });
  });

  test("a server that echoes the stored credential does not get it to the model, in answers or in errors", async () => {
    let status = 200;
    const { origin, outbound } = await started(({ headers }, response) =>
      response
        .writeHead(status, { "content-type": "application/json" })
        .end(JSON.stringify({ you: headers.authorization, key: "s3cr3t-token" })),
    );
    expect(await executeTool(api(origin), call, dependencies(outbound))).toEqual({
      ok: true,
      output: { you: "[redacted]", key: "[redacted]" },
    });
    status = 400;
    const failed = await executeTool(api(origin), call, dependencies(outbound));
    expect(failed.ok).toBe(false);
    expect(JSON.stringify(failed)).not.toContain("s3cr3t");
  });

  test("arguments are checked before anything is sent", async () => {
    const { origin, outbound, requests } = await started((_, response) => response.end());
    for (const args of [
      {},
      { id: 5 },
      { id: "x", q: "no" },
      null,
      "id",
      [1],
      { id: ".." },
      { id: "x".repeat(100_001) },
    ]) {
      const result = await executeTool(api(origin), { name: "lookup", arguments: args }, dependencies(outbound));
      expect(result).toMatchObject({ ok: false, code: "tool_arguments_invalid" });
    }
    expect(
      await executeTool(api(origin), { name: "other", arguments: { id: "x" } }, dependencies(outbound)),
    ).toMatchObject({ code: "tool_not_found" });
    expect(requests).toHaveLength(0);
  });

  test("too much, too slow, not JSON, cancelled and inside addresses are told apart", async () => {
    const { origin, outbound } = await started(({ url }, response) => {
      if (url.startsWith("/users/big")) response.end("x".repeat(300_000));
      if (url.startsWith("/users/bad")) response.writeHead(200, { "content-type": "application/json" }).end("{");
    });
    const run = async (id: string, target = api(origin), signal?: AbortSignal) => {
      const result = await executeTool(target, { name: "lookup", arguments: { id } }, dependencies(outbound), signal);
      return result.ok ? "ok" : result.code;
    };
    expect(await run("big")).toBe("tool_output_too_large");
    expect(await run("bad")).toBe("tool_output_invalid");
    expect(await run("slow", api(origin, { timeout_ms: 200 }))).toBe("tool_timeout");
    expect(await run("slow", undefined, AbortSignal.abort())).toBe("cancelled");
    expect(await run("x", api("http://169.254.169.254"))).toBe("tool_address_blocked");
    expect(await run("x", api("http://localhost"))).toBe("tool_address_blocked");
  });

  test("a credential that cannot be opened fails the call, and nothing is sent without it", async () => {
    const { origin, outbound, requests } = await started((_, response) => response.end());
    const open_secret = async () => Promise.reject(new Error("kms key arn:aws:kms:1"));
    const result = await executeTool(api(origin), call, { ...dependencies(outbound), open_secret });
    expect(result).toEqual({
      ok: false,
      code: "tool_secret_unavailable",
      message: "A stored credential of the tool could not be opened.",
    });
    expect(requests).toHaveLength(0);
  });
});

describe("a function tool", () => {
  const run = (expression: string, args: unknown) =>
    executeTool(
      tool({ tool_type: "function", config: { parameters, expression } }),
      { name: "lookup", arguments: args },
      dependencies(),
    );

  test("is an expression over its arguments", async () => {
    expect(await run('{"upper": $uppercase(id), "twice": q * 2}', { id: "ab", q: 4 })).toEqual({
      ok: true,
      output: { upper: "AB", twice: 8 },
    });
    expect(await run("missing", { id: "ab" })).toEqual({ ok: true, output: null });
  });

  test("that fails, or never ends, is a failure that says so", async () => {
    expect(await run('$number("x")', { id: "a" })).toMatchObject({ ok: false, code: "tool_expression_failed" });
    expect(await run("($f := function($n) { $f($n + 1) }; $f(0))", { id: "a" })).toMatchObject({
      ok: false,
      code: "tool_expression_failed",
    });
    expect(await run("id", {})).toMatchObject({ ok: false, code: "tool_arguments_invalid" });
  });
});

describe.each([{ stream: false }, { stream: true }])("an MCP tool, answers as a stream: $stream", (form) => {
  const setUp = async (options: Parameters<typeof mcpServer>[0] = {}, more: object = {}) => {
    const server = await mcpServer({ ...form, ...options });
    const runner = createToolRunner(dependencies(server.outbound));
    cleanups.push(runner.close, server.close);
    const calculator = tool(
      {
        tool_type: "mcp",
        config: {
          server: `${server.origin}/mcp`,
          tools: ["add", "fail", "slow", "secret", "picture"],
          secret_headers: { Authorization: sealed },
          ...more,
        },
      },
      "calc",
    );
    return { ...server, runner, calculator };
  };

  test("lists all pages, only the allowed tools, under names a model can call", async () => {
    const { runner, calculator } = await setUp({}, { tools: ["add", "secret"] });
    const described = await runner.describe(calculator);
    if (!described.ok) throw new Error(described.code);
    expect(described.tools.map(({ name, description }) => [name, description])).toEqual([
      ["calc__add", "Does add"],
      ["calc__secret", "Does secret"],
    ]);
  });

  test("is initialized once for a run, sends session and credentials, and ends the session", async () => {
    const { runner, calculator, requests } = await setUp();
    expect(await runner.execute(calculator, "calc__add", { a: 2, b: 3 })).toEqual({ ok: true, output: { sum: 5 } });
    expect(await runner.execute(calculator, "calc__add", { a: 4, b: 4 })).toEqual({ ok: true, output: { sum: 8 } });
    await runner.close();
    const methods = requests.map(({ method, text }) => (method === "POST" ? JSON.parse(text).method : method));
    expect(methods).toEqual(["initialize", "notifications/initialized", "tools/call", "tools/call", "DELETE"]);
    expect(requests[2]?.headers).toMatchObject({
      authorization: "Bearer s3cr3t-token",
      "mcp-session-id": "session-1",
      "mcp-protocol-version": "2025-06-18",
    });
  });

  test("its errors and pictures come as text, a credential it echoes does not come", async () => {
    const { runner, calculator } = await setUp();
    expect(await runner.execute(calculator, "calc__fail", {})).toMatchObject({
      ok: false,
      code: "tool_error",
      message: expect.stringContaining("division by zero"),
    });
    expect(await runner.execute(calculator, "calc__picture", {})).toEqual({ ok: true, output: "see\n[image]" });
    expect(await runner.execute(calculator, "calc__secret", {})).toEqual({ ok: true, output: "you sent [redacted]" });
  });

  test("a credential that occurs in a tool's name leaves the tool what it is", async () => {
    const names = ["add", "picture"];
    const pinned: string[][] = [];
    const server = await mcpServer();
    const runner = createToolRunner({
      ...dependencies(server.outbound),
      open_secret: async () => "picture",
      changed_tools: async (_, listed) => {
        pinned.push(listed.map(({ name }) => name));
        return new Set();
      },
    });
    cleanups.push(runner.close, server.close);
    const config = { server: `${server.origin}/mcp`, tools: names, secret_headers: { Authorization: sealed } };
    const own = tool({ tool_type: "mcp", config }, "calc");
    expect(await runner.describe(own)).toMatchObject({
      ok: true,
      tools: [{ name: "calc__add" }, { name: "calc__picture", description: "Does [redacted]" }],
    });
    expect(pinned).toEqual([names]);
  });

  test("tools that are not allowed are never called, not even when the model knows their names", async () => {
    const { runner, calculator, requests } = await setUp({}, { tools: ["add"] });
    for (const name of ["calc__fail", "fail", "add", "calc__"]) {
      expect(await runner.execute(calculator, name, {})).toMatchObject({ ok: false, code: "tool_not_allowed" });
    }
    expect(requests).toHaveLength(0);
  });

  test("a tool that never answers, and a server that refuses, are told apart", async () => {
    const { runner, calculator } = await setUp({}, { timeout_ms: 300 });
    expect(await runner.execute(calculator, "calc__slow", {})).toMatchObject({ ok: false, code: "tool_timeout" });
    expect(await runner.execute(calculator, "calc__add", { a: 1, b: 1 })).toMatchObject({ ok: true });
    const closed = await setUp({ status: 401 });
    expect(await closed.runner.execute(closed.calculator, "calc__add", {})).toMatchObject({
      ok: false,
      code: "tool_unauthorized",
    });
    const odd = await setUp({ status: 200 });
    expect(await odd.runner.describe(odd.calculator)).toMatchObject({ ok: false, code: "tool_output_invalid" });
  });

  test("a caller's time that is over is a time-out, and only what a caller ends is cancelled", async () => {
    const { runner, calculator } = await setUp();
    const slow = (signal: AbortSignal) => runner.execute(calculator, "calc__slow", {}, signal);
    const own = new AbortController();
    expect(await slow(AbortSignal.any([own.signal, AbortSignal.timeout(200)]))).toMatchObject({ code: "tool_timeout" });
    setTimeout(() => own.abort(), 100);
    expect(await slow(AbortSignal.any([own.signal, AbortSignal.timeout(10_000)]))).toMatchObject({ code: "cancelled" });
  });

  test("a forgotten session is opened anew, once, for the call that met it", async () => {
    const { runner, calculator, requests } = await setUp({ forget_sessions: true });
    const add = () => runner.execute(calculator, "calc__add", { a: 1, b: 1 });
    expect((await add()).ok).toBe(true);
    expect((await add()).ok).toBe(true);
    const methods = requests.map(({ text }) => JSON.parse(text).method);
    expect(methods.filter((method) => method === "initialize")).toHaveLength(2);
    expect(methods.filter((method) => method === "tools/call")).toHaveLength(3);
  });

  test("an address inside is never called", async () => {
    const { runner } = await setUp();
    const inside = tool(
      { tool_type: "mcp", config: { server: "https://169.254.169.254/mcp", tools: ["add"] } },
      "inside",
    );
    expect(await runner.execute(inside, "inside__add", {})).toMatchObject({ ok: false, code: "tool_address_blocked" });
  });
});

describe("a definition", () => {
  const check = { checkUrl: createOutbound().checkUrl, compile_expression: compileExpression };
  const issues = (config: unknown) => toolIssues(toolConfigInput.parse(config), check).map(({ path }) => path);
  const api = { tool_type: "api", config: { endpoint: "https://api.example.com/{id}", method: "GET", parameters } };

  test("that is good has no issues, and its secrets are kept apart", () => {
    expect(issues({ ...api, config: { ...api.config, secret_headers: { authorization: "Bearer x" } } })).toEqual([]);
    expect(issues({ tool_type: "mcp", config: { server: "https://mcp.example.com/mcp", tools: ["a"] } })).toEqual([]);
    expect(issues({ tool_type: "function", config: { parameters, expression: "id & 'x'" } })).toEqual([]);
  });

  test.each([
    [{ endpoint: "http://api.example.com/{id}" }, "config.endpoint"],
    [{ endpoint: "https://127.0.0.1/{id}" }, "config.endpoint"],
    [{ endpoint: "https://api.example.com/{nope}" }, "config.endpoint"],
    [{ body: "{nope}" }, "config.body"],
    [{ headers: { "X-A": "1" }, secret_headers: { "x-a": "2" } }, "config.secret_headers.x-a"],
  ])("with %j is refused at %s", (more, path) => {
    expect(issues({ ...api, config: { ...api.config, ...more } })).toEqual([path]);
  });

  test("with an expression that does not parse, or an MCP server inside, is refused", () => {
    expect(issues({ tool_type: "function", config: { parameters, expression: "(" } })).toEqual(["config.expression"]);
    expect(issues({ tool_type: "mcp", config: { server: "https://localhost/mcp", tools: ["a"] } })).toEqual([
      "config.server",
    ]);
  });

  test.each([
    { tool_type: "shell", config: {} },
    { tool_type: "function", config: { parameters: { type: "string" }, expression: "1" } },
    { tool_type: "function", config: { parameters: { type: "object", pattern: "(" }, expression: "1" } },
    { tool_type: "function", config: { parameters, expression: "1", handler: "os.system" } },
    { ...api, config: { ...api.config, headers: { host: "evil.example" } } },
    { ...api, config: { ...api.config, headers: { "x-a": "1\r\nx-b: 2" } } },
    { ...api, config: { ...api.config, method: "CONNECT" } },
    { ...api, config: { ...api.config, timeout_ms: 600_000 } },
    { tool_type: "mcp", config: { server: "https://mcp.example.com", tools: [] } },
  ])("%j has the wrong shape", (config) => {
    expect(toolConfigInput.safeParse(config).success).toBe(false);
  });

  test("stored with a secret in clear does not parse", () => {
    const config = { ...api, config: { ...api.config, secret_headers: { authorization: "Bearer x" } } };
    expect(storedToolConfig.safeParse(config).success).toBe(false);
  });

  test.each(["", "1a", "a b", "a__b", "x".repeat(65), "rm;"])("the name %j is refused", (name) => {
    expect(toolName.safeParse(name).success).toBe(false);
  });
});
