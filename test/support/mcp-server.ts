import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { McpServer, ResourceTemplate } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import * as z from "zod";

/** What a test's server says; a test may change it while it runs. */
export interface Said {
  handbook: string;
  handbook_description: string;
  review_description: string;
}

/**
 * A server on the official SDK, so that what is tested here is what others speak: resources (texts, bytes, a template), prompts
 * with arguments and one tool. A session for each client.
 */
export async function officialMcpServer(options: { readonly only_tools?: boolean } = {}) {
  const said: Said = {
    handbook: "Holidays are thirty days.",
    handbook_description: "What everybody may know.",
    review_description: "Reviews a text.",
  };
  const methods: string[] = [];
  /** Methods of the protocol, or of HTTP, that are not answered. */
  const silent = new Set<string>();

  const build = (): McpServer => {
    const server = new McpServer({ name: "official", version: "1.0.0" });
    server.registerTool("ping", { description: "Answers." }, async () => ({
      content: [{ type: "text", text: "pong" }],
    }));
    if (options.only_tools) return server;
    const plain = (
      name: string,
      uri: string,
      mimeType: string,
      description: string,
      contents: () => { text: string } | { blob: string },
    ) =>
      server.registerResource(name, uri, { mimeType, description }, async ({ href }) => ({
        contents: [{ uri: href, mimeType, ...contents() }],
      }));
    plain("handbook", "docs://team/handbook", "text/markdown", said.handbook_description, () => ({
      text: said.handbook,
    }));
    plain("table", "docs://team/table", "text/csv", "Bytes that are text.", () => ({
      blob: Buffer.from("name,days\nAda,30").toString("base64"),
    }));
    plain("logo", "docs://team/logo", "image/png", "A picture.", () => ({ blob: "AAAA" }));
    plain("large", "docs://team/large", "text/plain", "Too much.", () => ({ text: "x".repeat(400_000) }));
    server.registerResource(
      "note",
      new ResourceTemplate("notes://{day}", { list: undefined }),
      { description: "The note of a day.", mimeType: "text/plain" },
      async ({ href }, { day }) => ({ contents: [{ uri: href, text: `Note of ${String(day)}.` }] }),
    );
    server.registerPrompt(
      "review",
      {
        description: said.review_description,
        argsSchema: { text: z.string().describe("What is reviewed."), tone: z.string().optional() },
      },
      ({ text, tone = "friendly" }) => ({
        messages: [
          { role: "user", content: { type: "text", text: `You review in a ${tone} tone.` } },
          { role: "assistant", content: { type: "text", text: "Gladly." } },
          { role: "user", content: { type: "text", text: `Review this: ${text}` } },
        ],
      }),
    );
    return server;
  };

  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    if (typeof body === "object" && body !== null && "method" in body) {
      methods.push(String(body.method));
      if (silent.has(String(body.method))) return;
    }
    if (silent.has(String(request.method))) return;
    const known = sessions.get(String(request.headers["mcp-session-id"]));
    if (known !== undefined) return known.handleRequest(request, response, body);
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => {
        sessions.set(id, transport);
      },
    });
    await build().connect(transport as Parameters<McpServer["connect"]>[0]);
    return transport.handleRequest(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    said,
    /** What it was asked, in order. */
    methods,
    silent,
    host: `127.0.0.1:${port}`,
    url: `http://127.0.0.1:${port}/mcp`,
    close: async () => {
      for (const transport of sessions.values()) await transport.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
