import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";
import { createOutbound, type Outbound } from "../../../shared/outbound/index.ts";
import { serve } from "../outbound/servers.ts";

export type Received = { method: string; url: string; headers: IncomingHttpHeaders; text: string };

/** A server on loopback that remembers its requests, and the only client that may call it. */
export const toolServer = async (answer: (received: Received, response: ServerResponse) => void) => {
  const requests: Received[] = [];
  const server = await serve(async (request: IncomingMessage, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = "", url = "", headers } = request;
    const received = { method, url, headers, text: Buffer.concat(chunks).toString() };
    requests.push(received);
    answer(received, response);
  });
  const outbound: Outbound = createOutbound({ allow_http: true, allow: [`127.0.0.1:${server.port}`] });
  const close = async () => {
    await outbound.close();
    await server.close();
  };
  return { origin: `http://127.0.0.1:${server.port}`, requests, outbound, close };
};

type Message = { id?: number; method: string; params: { name?: string; arguments?: unknown; cursor?: string } };

/** An MCP server with the tools `add`, `fail`, `slow`, `picture` and `secret`, which answers as JSON or as an event stream. */
export const mcpServer = async (
  options: { stream?: boolean; forget_sessions?: boolean; status?: number; says?: () => string } = {},
) => {
  let sessions = 0;
  let calls = 0;
  const schema = { type: "object", properties: { a: { type: "number" }, b: { type: "number" } } };
  const listed = () =>
    ["add", "fail", "slow", "picture", "secret"].map((name) => ({
      name,
      description: `${options.says?.() ?? "Does"} ${name}`,
      inputSchema: schema,
    }));

  const call = ({ name, arguments: args }: Message["params"], headers: IncomingHttpHeaders): object => {
    const { a = 0, b = 0 } = (args ?? {}) as { a?: number; b?: number };
    switch (name) {
      case "add":
        return { result: { content: [{ type: "text", text: String(a + b) }], structuredContent: { sum: a + b } } };
      case "fail":
        return { result: { content: [{ type: "text", text: "division by zero" }], isError: true } };
      case "picture":
        return {
          result: {
            content: [
              { type: "text", text: "see" },
              { type: "image", data: "AAAA", mimeType: "image/png" },
            ],
          },
        };
      case "secret":
        return { result: { content: [{ type: "text", text: `you sent ${headers.authorization}` }] } };
      default:
        return { error: { code: -32602, message: "unknown tool" } };
    }
  };

  const handle = (message: Message, headers: IncomingHttpHeaders): object => {
    if (message.method === "initialize")
      return { result: { protocolVersion: "2025-06-18", capabilities: {}, serverInfo: { name: "t", version: "1" } } };
    if (message.method === "tools/call") return call(message.params, headers);
    const from = Number(message.params.cursor ?? 0);
    return { result: { tools: listed().slice(from, from + 3), ...(from === 0 ? { nextCursor: "3" } : {}) } };
  };

  return toolServer(({ method, text, headers }, response) => {
    if (method === "DELETE") return response.writeHead(204).end();
    if (options.status !== undefined) return response.writeHead(options.status).end("nope");
    const message: Message = JSON.parse(text);
    if (message.method === "initialize") sessions += 1;
    else if (headers["mcp-session-id"] !== `session-${sessions}`) return response.writeHead(404).end();
    if (message.id === undefined) return response.writeHead(202).end();
    if (message.params.name === "slow") return undefined;
    if (message.method === "tools/call") {
      calls += 1;
      if (options.forget_sessions && calls === 2) return response.writeHead(404).end();
    }
    const body = JSON.stringify({ jsonrpc: "2.0", id: message.id, ...handle(message, headers) });
    const session = message.method === "initialize" ? { "mcp-session-id": `session-${sessions}` } : {};
    if (!options.stream) return response.writeHead(200, { "content-type": "application/json", ...session }).end(body);
    response.writeHead(200, { "content-type": "text/event-stream", ...session });
    response.write(
      `: hello\n\ndata: ${JSON.stringify({ jsonrpc: "2.0", method: "notifications/progress", params: {} })}\n\n`,
    );
    response.write(`data: ${JSON.stringify({ jsonrpc: "2.0", id: 999, result: { wrong: true } })}\n\n`);
    // The stream stays open after the reply: the client has to leave by itself.
    return response.write(`event: message\ndata: ${body}\n\n`);
  });
};
