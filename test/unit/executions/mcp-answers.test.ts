import { afterEach, describe, expect, test } from "vitest";
import { storedToolConfig, type Tool } from "../../../functions/agents/tools/rules/definition.ts";
import { mendToolSchema } from "../../../functions/executions/tools/mcp/rules/schema.ts";
import { createToolRunner, mcpToolName } from "../../../functions/executions/tools/runner.ts";
import { compileExpression } from "../../../shared/expressions/expression.ts";
import { type Received, toolServer } from "./tools-server.ts";

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0)) await cleanup();
});

type Script = {
  readonly list?: unknown;
  readonly call?: (name: string) => unknown;
  /** The message around the result. */
  readonly envelope?: (id: unknown, result: unknown) => unknown;
  readonly type?: string;
  readonly bytes?: (text: string) => Buffer;
  /** Answers a request before anything else; true when it did. */
  readonly before?:
    | ((received: Received, response: Parameters<Parameters<typeof toolServer>[0]>[1]) => boolean)
    | undefined;
};

/** An MCP server that answers as scripted, and a runner with one tool on it. */
async function scripted(script: Script, tools: readonly string[], path = "/mcp") {
  const server = await toolServer((received, response) => {
    if (script.before?.(received, response)) return;
    if (received.method === "DELETE") return void response.writeHead(204).end();
    const { id, method, params } = JSON.parse(received.text);
    if (id === undefined) return void response.writeHead(202).end();
    const result =
      method === "initialize"
        ? { protocolVersion: "2025-06-18", capabilities: { tools: null }, serverInfo: null, instructions: null }
        : method === "tools/list"
          ? script.list
          : script.call?.(params.name);
    const text = JSON.stringify(script.envelope?.(id, result) ?? { jsonrpc: "2.0", id, result });
    response
      .writeHead(200, { "content-type": script.type ?? "application/json" })
      .end(script.bytes === undefined ? text : script.bytes(text));
  });
  const runner = createToolRunner({
    outbound: server.outbound,
    compile_expression: compileExpression,
    changed_tools: async () => new Set(),
    open_secret: async () => "",
  });
  cleanups.push(runner.close, server.close);
  const tool: Tool = {
    id: "tool_1",
    name: "t",
    description: "Described",
    ...storedToolConfig.parse({ tool_type: "mcp", config: { server: `${server.origin}${path}`, tools } }),
  };
  const described = await runner.describe(tool);
  return { runner, tool, described, requests: server.requests };
}

const search = {
  name: "search",
  description: "Searches.",
  inputSchema: { type: "object", properties: { q: { type: "string" } } },
};
const names = (described: Awaited<ReturnType<typeof scripted>>["described"]) =>
  described.ok ? described.tools.map(({ name }) => name) : described.code;

describe("null is absent", () => {
  test.each([
    ["nextCursor", { tools: [search], nextCursor: null, _meta: null }],
    ["a description", { tools: [{ ...search, description: null, annotations: null, title: null }] }],
    ["the schema", { tools: [{ ...search, inputSchema: null }] }],
    [
      "keywords of the schema",
      { tools: [{ ...search, inputSchema: { type: "object", properties: null, required: null } }] },
    ],
    ["an entry", { tools: [null, search, {}, { name: null }, { name: 5 }, "x"] }],
  ])("as %s of a list", async (_, list) => {
    expect(names((await scripted({ list }, ["search"])).described)).toEqual(["t__search"]);
  });

  test("beside a result, around it and in what a call answers", async () => {
    const { runner, tool } = await scripted(
      {
        list: { tools: [search] },
        envelope: (id, result) => ({ jsonrpc: "2.0", id: String(id), result, error: null, method_: null }),
        call: () => ({
          content: [{ type: "text", text: "hi", annotations: null }, null],
          structuredContent: null,
          isError: null,
        }),
      },
      ["search"],
    );
    expect(await runner.execute(tool, "t__search", {})).toEqual({ ok: true, output: "hi\n" });
  });
});

describe("a schema that providers refuse", () => {
  test("takes away its own tool only, by name and with the reason", async () => {
    const coins = {
      name: "coins",
      inputSchema: { type: "object", properties: { coin: { type: "string" }, required: ["coin"] } },
    };
    const { described } = await scripted({ list: { tools: [search, coins] } }, ["search", "coins", "gone"]);
    expect(described).toMatchObject({
      ok: true,
      tools: [{ name: "t__search" }],
      left_out: [
        { name: "coins", code: "tool_schema_invalid", message: expect.stringContaining("properties.required") },
        { name: "gone", code: "tool_not_found" },
      ],
    });
  });

  test.each([
    [{ properties: {} }, { type: "object", properties: {} }],
    [{ type: ["object", "null"] }, { type: "object" }],
    [{ type: null, title: null }, { type: "object" }],
    [
      { type: "object", properties: { a: { type: "integer", minimum: "-9223372036854775808", maximum: 2 ** 63 } } },
      { type: "object", properties: { a: { type: "integer" } } },
    ],
    [
      { type: "object", properties: { a: { type: "number", minimum: 0, exclusiveMinimum: true, required: true } } },
      { type: "object", properties: { a: { type: "number", minimum: 0 } } },
    ],
    [
      { type: "object", required: ["a", 5, null] },
      { type: "object", required: ["a"] },
    ],
  ])("is mended where that is plain: %j", (schema, mended) => {
    expect(mendToolSchema(schema)).toEqual({ ok: true, schema: mended });
  });

  test.each([
    { type: "string" },
    [],
    "object",
    true,
    { type: "object", properties: [] },
    { type: "object", properties: { a: "string" } },
    { type: "object", properties: { a: { type: "int64" } } },
    { type: "object", properties: { a: { enum: "x" } } },
    { type: "object", anyOf: {} },
  ])("is refused where it is not: %j", (schema) => {
    expect(mendToolSchema(schema)).toMatchObject({ ok: false });
  });

  test("stays as it is where providers take it", () => {
    const schema = {
      type: "object",
      properties: { node: { $ref: "#/$defs/node" }, constructor: { type: "string" } },
      patternProperties: { "^x-": { type: "string" } },
      $defs: { node: { type: "object", properties: { next: { $ref: "#/$defs/node" } } } },
      additionalProperties: false,
    };
    expect(mendToolSchema(schema)).toEqual({ ok: true, schema });
  });
});

describe("names", () => {
  const long = "create_page_with_attachments_and_permissions_in_space_root";
  const both = [long, `${long}_and_delete_source`];

  test("that would be equal after cutting stay apart, and what runs is what the model was told of", async () => {
    const list = { tools: both.map((name) => ({ name, description: name, inputSchema: { type: "object" } })) };
    const { described, runner, tool } = await scripted(
      { list, call: (name) => ({ content: [{ type: "text", text: name }] }) },
      [...both].reverse(),
    );
    if (!described.ok) throw new Error(described.code);
    expect(new Set(described.tools.map(({ name }) => name)).size).toBe(2);
    for (const { name, description } of described.tools) {
      expect(name.length).toBeLessThanOrEqual(64);
      expect(await runner.execute(tool, name, {})).toEqual({ ok: true, output: description });
    }
  });

  test("stay apart where signs are replaced, too", () => {
    const told = ["a.b", "a_b", "a b", "a😀b"].map((name) => mcpToolName({ name: "t" }, name));
    expect(new Set(told).size).toBe(4);
    for (const name of told) expect(name).toMatch(/^[a-zA-Z0-9_-]{1,64}$/);
  });
});

describe("what a call answers", () => {
  const output = async (result: unknown, more: Partial<Script> = {}) => {
    const { runner, tool } = await scripted({ list: { tools: [search] }, call: () => result, ...more }, ["search"]);
    return runner.execute(tool, "t__search", {});
  };

  test("holds embedded texts with their uri and links by name and uri; only bytes are named", async () => {
    const content = [
      { type: "text", text: "successfully downloaded text file" },
      { type: "resource", resource: { uri: "repo://acme/README.md", mimeType: "text/plain", text: "found 42" } },
      { type: "resource", resource: { uri: "repo://acme/logo.png", blob: "AAAA" } },
      { type: "resource_link", uri: "https://docs.example.com/guide", name: "Guide" },
      { type: "audio", data: "AAAA" },
    ];
    expect(await output({ content })).toEqual({
      ok: true,
      output:
        "successfully downloaded text file\nrepo://acme/README.md\nfound 42\n[resource repo://acme/logo.png]\nGuide: https://docs.example.com/guide\n[audio]",
    });
    const structured = await output({ content: content.slice(1, 2), structuredContent: { n: null } });
    expect(structured).toEqual({
      ok: true,
      output: { result: { n: null }, content: "repo://acme/README.md\nfound 42" },
    });
  });

  test("keeps numbers that JavaScript can't, and halves of characters do not come through", async () => {
    const bytes = (text: string) => Buffer.from(text.replace('"BIG"', "7615917337495251231"));
    expect(await output({ structuredContent: { id: "BIG", half: "x\ud83d" } }, { bytes })).toEqual({
      ok: true,
      output: { id: "7615917337495251231", half: "x\ufffd" },
    });
  });

  test("is read in its charset", async () => {
    const latin = {
      type: "application/json; charset=iso-8859-1",
      bytes: (text: string) => Buffer.from(text, "latin1"),
    };
    expect(await output({ content: [{ type: "text", text: "Grüße" }] }, latin)).toEqual({ ok: true, output: "Grüße" });
  });

  test("larger than the limit is refused while it is read", async () => {
    expect(await output({ content: [{ type: "text", text: "x".repeat(300_000) }] })).toMatchObject({
      ok: false,
      code: "tool_output_too_large",
    });
  });
});

describe("a server that has moved", () => {
  const redirect =
    (status: number, location: string): Script["before"] =>
    ({ url }, response) => {
      if (url !== "/mcp") return false;
      response.writeHead(status, { location }).end();
      return true;
    };

  test.each([307, 308])(
    "to another path is followed (%i) with method and body, and called there from then on",
    async (status) => {
      const { described, requests } = await scripted({ list: { tools: [search] }, before: redirect(status, "/mcp/") }, [
        "search",
      ]);
      expect(names(described)).toEqual(["t__search"]);
      expect(requests.map(({ url }) => url)).toEqual(["/mcp", "/mcp/", "/mcp/", "/mcp/"]);
      expect(requests[1]).toMatchObject({ method: "POST", text: requests[0]?.text });
    },
  );

  test.each([
    [301, "/mcp/", "/mcp/"],
    [302, "https://sso.example.com/login", "https://sso.example.com/login"],
    [307, "https://other.example.com/mcp", "https://other.example.com/mcp"],
    [308, "http://169.254.169.254/latest", "http://169.254.169.254/latest"],
    [307, "/mcp", "/mcp"],
  ])("elsewhere (%i to %s) is refused by a sentence that names the address", async (status, location, named) => {
    const { described, requests } = await scripted({ list: {}, before: redirect(status, location) }, ["search"]);
    expect(described).toMatchObject({ ok: false, code: "tool_rejected", message: expect.stringContaining(named) });
    expect(requests.length).toBeLessThanOrEqual(4);
  });
});
