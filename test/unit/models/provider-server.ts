import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import { createOutbound } from "../../../shared/outbound/index.ts";
import { type Listening, serve } from "../outbound/servers.ts";

export type Received = { url: string; headers: IncomingHttpHeaders; body: Record<string, unknown> };

/** A provider on loopback that answers its n-th request with the n-th handler (the last one repeats) and remembers requests. */
export const provider = async (...handlers: ((response: ServerResponse, received: Received) => void)[]) => {
  const requests: Received[] = [];
  const server: Listening = await serve(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString();
    const received = { url: request.url ?? "", headers: request.headers, body: text === "" ? {} : JSON.parse(text) };
    requests.push(received);
    handlers[Math.min(requests.length, handlers.length) - 1]?.(response, received);
  });
  const origin = `http://127.0.0.1:${server.port}`;
  const outbound = createOutbound({ allow_http: true, allow: [`127.0.0.1:${server.port}`] });
  const close = async () => {
    await outbound.close();
    await server.close();
  };
  return { origin, requests, outbound, close };
};

export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse) => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  };

const usage = (prompt: number, completion: number) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
});

const completion = (message: object, finish_reason: string, tokens: [number, number] | undefined) =>
  json(200, {
    id: "chatcmpl-1",
    object: "chat.completion",
    created: 1,
    model: "test",
    choices: [{ index: 0, message: { role: "assistant", ...message }, finish_reason }],
    ...(tokens === undefined ? {} : { usage: usage(...tokens) }),
  });

/** A finished answer in OpenAI's chat-completion form. */
export const text = (content: string, tokens?: [number, number], finish_reason = "stop") =>
  completion({ content }, finish_reason, tokens);

/** An answer that asks for tools. */
export const toolCalls = (calls: { id: string; name: string; arguments: unknown }[], tokens: [number, number]) =>
  completion(
    {
      content: null,
      tool_calls: calls.map(({ id, name, arguments: args }) => ({
        id,
        type: "function",
        function: { name, arguments: typeof args === "string" ? args : JSON.stringify(args) },
      })),
    },
    "tool_calls",
    tokens,
  );

/** Server-sent events, one for each chunk, with a turn of the event loop in between. */
export const events =
  (chunks: unknown[], end = true) =>
  async (response: ServerResponse): Promise<void> => {
    response.writeHead(200, { "content-type": "text/event-stream" });
    for (const chunk of chunks) {
      response.write(`data: ${JSON.stringify(chunk)}\n\n`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    if (end) response.end("data: [DONE]\n\n");
  };

export const delta = (part: object, finish_reason: string | null = null) => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1,
  model: "test",
  choices: [{ index: 0, delta: part, finish_reason }],
});

export const usageChunk = (prompt: number, completionTokens: number) => ({
  id: "chatcmpl-1",
  object: "chat.completion.chunk",
  created: 1,
  model: "test",
  choices: [],
  usage: usage(prompt, completionTokens),
});
