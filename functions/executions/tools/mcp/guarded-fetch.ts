import { EventSourceParserStream } from "eventsource-parser/stream";
import { isObject } from "../../../../shared/expressions/json.ts";
import { parseForeignJson } from "../../../../shared/json.ts";
import type { Outbound } from "../../../../shared/outbound/index.ts";
import { decoderOf } from "../../../../shared/outbound/text.ts";
import { cutText, wellFormed } from "../../../../shared/text.ts";
import { toolLimits } from "../../../agents/tools/public.ts";
import { statusFailure, type ToolFailure, toolFailure } from "../rules/outcome.ts";

/** Carries a failure out of the protocol's steps. */
export class McpFailure extends Error {
  readonly failure: ToolFailure;
  constructor(failure: ToolFailure) {
    super(failure.message);
    this.failure = failure;
  }
}

/** The server does not know the session (any more). */
export class SessionLost extends Error {}

export const fail = (...parts: Parameters<typeof toolFailure>): never => {
  throw new McpFailure(toolFailure(...parts));
};

const MOST_REDIRECTS = 3;
/** The end of a session is told, not waited for: the answer is there already. */
const FAREWELL_MS = 1_000;

/** Text of a body within the limit for tools' answers, in its charset. */
async function* limitedText(body: ReadableStream<Uint8Array>, media_type: string): AsyncGenerator<string, void, void> {
  let decoder: InstanceType<typeof TextDecoder> | undefined;
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > toolLimits.output_bytes) fail("tool_output_too_large");
    decoder ??= decoderOf(chunk, media_type);
    yield decoder.decode(chunk, { stream: true });
  }
}

async function wholeText({ body, headers }: Response): Promise<string> {
  let text = "";
  if (body !== null) for await (const part of limitedText(body, headers.get("content-type") ?? "")) text += part;
  return text;
}

interface Reply {
  readonly id: string | number;
  readonly result: object;
}

/** A message as the reply to `id`; notifications and requests of the server are not for us. */
function matching(text: string, id: string | number): Reply | undefined {
  let message: unknown;
  try {
    message = wellFormed(parseForeignJson(text));
  } catch {
    return undefined;
  }
  for (const one of Array.isArray(message) ? message : [message]) {
    if (!isObject(one) || "method" in one || String(one.id) !== String(id)) continue;
    if (isObject(one.error)) {
      const said = typeof one.error.message === "string" ? cutText(one.error.message, 1_000) : "";
      fail(Number(one.error.code) === -32602 ? "tool_arguments_invalid" : "tool_error", said);
    }
    if (!isObject(one.result)) return undefined;
    // Null is absent: the library's schemas take it for a wrong type.
    return { id, result: Object.fromEntries(Object.entries(one.result).filter(([, member]) => member !== null)) };
  }
  return undefined;
}

/** The reply, out of a JSON answer or out of an event stream, which is left as soon as the reply is there. */
async function readReply(response: Response, id: string | number): Promise<Reply> {
  const { body, headers } = response;
  const type = headers.get("content-type") ?? "";
  if (body === null) return fail("tool_output_invalid");
  if (!/^text\/event-stream/i.test(type)) return matching(await wholeText(response), id) ?? fail("tool_output_invalid");
  const parts = ReadableStream.from(limitedText(body, type)).pipeThrough(new EventSourceParserStream());
  for await (const { data } of parts) {
    const found = matching(data, id);
    if (found !== undefined) return found;
  }
  return fail("tool_output_invalid");
}

/** The id of the request in a body; undefined for a notification. */
const requestId = (body: unknown): string | number | undefined => {
  const message: unknown = JSON.parse(String(body));
  return isObject(message) && "method" in message && (typeof message.id === "number" || typeof message.id === "string")
    ? message.id
    : undefined;
};

/**
 * The library's `fetch`: every request goes through the guarded client, each hop of a redirect by itself; every answer is
 * read here within the limits of size and time, and handed on as one plain JSON reply. What the library cannot be trusted
 * with (answers of any size, streams that stay open, nulls where it wants none) never reaches it. Listening streams are not
 * opened. Throws `McpFailure`, `SessionLost` and `OutboundError`.
 */
export function guardedFetch(server: {
  readonly outbound: Pick<Outbound, "fetch">;
  readonly timeout_ms: number;
}): (url: string | URL, init?: RequestInit) => Promise<Response> {
  let moved: string | undefined;

  const send = async (from: string, init: RequestInit): Promise<Response> => {
    let url = from;
    for (let hop = 0; ; hop++) {
      const response = await server.outbound.fetch(url, init);
      const location = response.headers.get("location");
      const next = response.status >= 300 && response.status < 400 ? URL.parse(location ?? "", url) : null;
      if (next === null) {
        moved = url;
        return response;
      }
      await response.body?.cancel();
      // 307 and 308 keep method and body; credentials stay with their origin.
      const follows = response.status === 307 || response.status === 308;
      if (!follows || next.origin !== new URL(url).origin || hop === MOST_REDIRECTS)
        return fail("tool_rejected", `Its server wants to be called at ${cutText(next.href, 300)}.`);
      url = next.href;
    }
  };

  return async (input, init = {}) => {
    const { method = "GET", headers, body } = init;
    if (method === "GET") return new Response(null, { status: 405 });
    const clock = AbortSignal.timeout(
      method === "DELETE" ? Math.min(FAREWELL_MS, server.timeout_ms) : server.timeout_ms,
    );
    const signal = init.signal == null ? clock : AbortSignal.any([init.signal, clock]);
    const asked = { method, signal, ...(headers == null ? {} : { headers }), ...(body == null ? {} : { body }) };
    const response = await send(moved ?? String(input), asked);
    if (method === "DELETE") {
      await response.body?.cancel();
      return new Response(null, { status: 204 });
    }
    if (!response.ok) {
      const text = await wholeText(response);
      const inSession = new Headers(headers).has("mcp-session-id");
      if (inSession && (response.status === 404 || (response.status === 400 && /session/i.test(text))))
        throw new SessionLost();
      throw new McpFailure(statusFailure(response.status, text));
    }
    const id = requestId(body);
    if (id === undefined) {
      await response.body?.cancel();
      return new Response(null, { status: 202 });
    }
    const reply = await readReply(response, id);
    const session = response.headers.get("mcp-session-id");
    return Response.json(
      { jsonrpc: "2.0", ...reply },
      session === null ? {} : { headers: { "mcp-session-id": session } },
    );
  };
}
