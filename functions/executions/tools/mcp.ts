import { EventSourceParserStream } from "eventsource-parser/stream";
import * as z from "zod";
import { type Outbound, OutboundError } from "../../../shared/outbound/index.ts";
import { cutText } from "../../../shared/text.ts";
import { toolLimits } from "../../agents/public.ts";
import { outboundFailure, statusFailure, type ToolFailure, type ToolResult, toolFailure } from "./rules/outcome.ts";

/** The revision of the Model Context Protocol that we speak; older servers answer with theirs, which differs in nothing used here. */
const protocolVersion = "2025-06-18";
const maxPages = 10;

const reply = z.object({
  id: z.union([z.string(), z.number()]).nullish(),
  result: z.unknown().optional(),
  error: z.object({ code: z.number(), message: z.string() }).optional(),
});
type Reply = z.infer<typeof reply>;

const initialized = z.object({ protocolVersion: z.string() });

const toolList = z.object({
  tools: z.array(
    z.object({
      name: z.string().min(1).max(128),
      description: z.string().optional(),
      inputSchema: z.record(z.string(), z.unknown()),
    }),
  ),
  nextCursor: z.string().optional(),
});
export type McpTool = z.infer<typeof toolList>["tools"][number];

const callResult = z.object({
  content: z.array(z.looseObject({ type: z.string(), text: z.string().optional() })).default([]),
  structuredContent: z.record(z.string(), z.unknown()).optional(),
  isError: z.boolean().optional(),
});

/** Carries a failure out of the protocol's steps. */
class McpFailure extends Error {
  readonly failure: ToolFailure;
  constructor(failure: ToolFailure) {
    super(failure.message);
    this.failure = failure;
  }
}
const fail = (...parts: Parameters<typeof toolFailure>): never => {
  throw new McpFailure(toolFailure(...parts));
};

export type McpSession = {
  listTools: (signal?: AbortSignal) => Promise<{ ok: true; tools: McpTool[] } | ToolFailure>;
  callTool: (name: string, args: unknown, signal?: AbortSignal) => Promise<ToolResult>;
  /** Tells the server that the session is over. Never fails. */
  close: () => Promise<void>;
};

/** Text of a body within the limit for tools' answers. */
async function* limitedText(body: ReadableStream<Uint8Array>): AsyncGenerator<string, void, void> {
  const decoder = new TextDecoder();
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > toolLimits.output_bytes) fail("tool_output_too_large");
    yield decoder.decode(chunk, { stream: true });
  }
}

/** The reply with our id, out of a JSON answer or out of an event stream, which is left as soon as the reply is there. */
const readReply = async (response: Response, id: number): Promise<Reply> => {
  const { body } = response;
  if (body === null) return fail("tool_output_invalid");
  const contentType = response.headers.get("content-type") ?? "";
  if (!contentType.startsWith("text/event-stream")) {
    let text = "";
    for await (const part of limitedText(body)) text += part;
    return matching(text, id) ?? fail("tool_output_invalid");
  }
  const parts = ReadableStream.from(limitedText(body)).pipeThrough(new EventSourceParserStream());
  for await (const { data } of parts) {
    const found = matching(data, id);
    if (found !== undefined) return found;
  }
  return fail("tool_output_invalid");
};

/** A message if it is the reply to `id`; notifications and requests of the server are not for us. */
const matching = (text: string, id: number): Reply | undefined => {
  try {
    const parsed = reply.safeParse(JSON.parse(text));
    return parsed.success && parsed.data.id === id ? parsed.data : undefined;
  } catch {
    return undefined;
  }
};

const outputOf = ({ content, structuredContent }: z.infer<typeof callResult>): unknown => {
  if (structuredContent !== undefined) return structuredContent;
  // Models get text; images and sound are named, not passed on.
  return content.map((part) => (part.type === "text" ? (part.text ?? "") : `[${part.type}]`)).join("\n");
};

/**
 * A session with one MCP server over the guarded client. It is opened by the first call. `headers` are the configured and the
 * opened secret headers. Nothing throws: failures are values.
 */
export const mcpSession = (server: {
  url: string;
  headers: Readonly<Record<string, string>>;
  timeout_ms: number;
  outbound: Pick<Outbound, "fetch">;
}): McpSession => {
  let lastId = 0;
  let sessionId: string | null = null;
  let version: string | undefined;
  let opened: Promise<void> | undefined;

  const post = (message: object, signal: AbortSignal): Promise<Response> => {
    const headers = new Headers(server.headers);
    headers.set("content-type", "application/json");
    headers.set("accept", "application/json, text/event-stream");
    if (version !== undefined) headers.set("mcp-protocol-version", version);
    if (sessionId !== null) headers.set("mcp-session-id", sessionId);
    const body = JSON.stringify({ jsonrpc: "2.0", ...message });
    return server.outbound.fetch(server.url, { method: "POST", headers, body, signal });
  };

  const failedStatus = async (response: Response): Promise<never> => {
    // The server has forgotten the session: the next call opens another one.
    if (response.status === 404 && sessionId !== null) {
      sessionId = null;
      version = undefined;
    }
    let text = "";
    if (response.body !== null) for await (const part of limitedText(response.body)) text += part;
    throw new McpFailure(statusFailure(response.status, text));
  };

  const ask = async (method: string, params: object, signal: AbortSignal): Promise<unknown> => {
    lastId += 1;
    const id = lastId;
    const response = await post({ id, method, params }, signal);
    if (!response.ok) return failedStatus(response);
    if (method === "initialize") sessionId = response.headers.get("mcp-session-id");
    const { result, error } = await readReply(response, id);
    if (error !== undefined)
      fail(error.code === -32602 ? "tool_arguments_invalid" : "tool_error", cutText(error.message, 1_000));
    return result;
  };

  const open = async (signal: AbortSignal): Promise<void> => {
    const clientInfo = { name: "kaizen-studio", version: "1" };
    const result = await ask("initialize", { protocolVersion, capabilities: {}, clientInfo }, signal);
    const parsed = initialized.safeParse(result);
    if (!parsed.success) return fail("tool_output_invalid");
    version = parsed.data.protocolVersion;
    const accepted = await post({ method: "notifications/initialized" }, signal);
    if (!accepted.ok) return failedStatus(accepted);
    await accepted.body?.cancel();
  };

  /** Runs one exchange in an open session, under the deadline; a session that failed to open is opened anew next time. */
  const exchange = async <T>(
    caller: AbortSignal | undefined,
    run: (signal: AbortSignal) => Promise<T>,
  ): Promise<T | ToolFailure> => {
    const timeout = AbortSignal.timeout(server.timeout_ms);
    const signal = caller === undefined ? timeout : AbortSignal.any([caller, timeout]);
    try {
      opened ??= open(signal);
      await opened;
      return await run(signal);
    } catch (error) {
      if (version === undefined) opened = undefined;
      if (error instanceof McpFailure) return error.failure;
      if (timeout.aborted) return toolFailure("tool_timeout");
      if (error instanceof OutboundError) return outboundFailure(error.code);
      return toolFailure("tool_output_invalid");
    }
  };

  return {
    listTools: (caller) =>
      exchange(caller, async (signal) => {
        const tools: McpTool[] = [];
        let cursor: string | undefined;
        for (let page = 0; page < maxPages; page += 1) {
          const parsed = toolList.safeParse(await ask("tools/list", cursor === undefined ? {} : { cursor }, signal));
          if (!parsed.success) return fail("tool_output_invalid");
          tools.push(...parsed.data.tools);
          cursor = parsed.data.nextCursor;
          if (cursor === undefined) break;
        }
        return { ok: true as const, tools };
      }),
    callTool: (name, args, caller) =>
      exchange(caller, async (signal): Promise<ToolResult> => {
        const parsed = callResult.safeParse(await ask("tools/call", { name, arguments: args }, signal));
        if (!parsed.success) return fail("tool_output_invalid");
        const output = outputOf(parsed.data);
        if (parsed.data.isError !== true) return { ok: true, output };
        return toolFailure("tool_error", cutText(typeof output === "string" ? output : JSON.stringify(output), 1_000));
      }),
    close: async () => {
      if (sessionId === null) return;
      const headers = { ...server.headers, "mcp-session-id": sessionId };
      await server.outbound
        .fetch(server.url, { method: "DELETE", headers, signal: AbortSignal.timeout(2_000) })
        .then((response) => response.body?.cancel())
        .catch(() => {});
    },
  };
};
