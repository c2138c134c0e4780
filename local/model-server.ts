import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import * as z from "zod";
import type { LocalServer } from "./http.ts";
import { readBody, sendJson, serveLocally } from "./http.ts";
import type { ChatRequest } from "./model/chat.ts";
import { chatRequestSchema } from "./model/chat.ts";
import { type Directives, parseDirectives } from "./model/directives.ts";
import { embeddingRequestSchema, embeddingsOf } from "./model/embed.ts";
import { answer, lastUserText } from "./model/script.ts";
import { chunksOf, completionOf } from "./model/wire.ts";

/** Models that `GET /v1/models` lists; a request may name any. */
const models = ["scripted-small", "scripted-large", "scripted-embedding"];
const maxRecorded = 2_000;
const secretHeaders = new Set(["authorization", "api-key", "x-api-key", "x-goog-api-key", "cookie"]);

/** One request as `GET /_requests` lists it. */
export interface RecordedRequest {
  id: string;
  /** Milliseconds since 1970. */
  received_at: number;
  method: string;
  path: string;
  /** Credentials are replaced by "[redacted]". */
  headers: Record<string, string>;
  body: unknown;
  /** The status answered, or how a fault ended the request. */
  outcome: number | "hung" | "cut" | "pending";
}

/**
 * Starts the scripted model server: an OpenAI-compatible server whose answers follow from the request alone
 * (model/script.ts) and whose faults a test asks for in the user's message (model/directives.ts).
 *
 * - `POST /v1/chat/completions` (streaming too), `POST /v1/embeddings` (model/embed.ts; faults are asked for in a text), `GET /v1/models`; a bearer token that begins with "invalid" gets a 401
 * - `GET /_requests[?contains=text]` lists what came in, oldest first; `DELETE /_requests` forgets it
 */
export function startModelServer(port?: number): Promise<LocalServer> {
  const recorded: RecordedRequest[] = [];
  const failures = new Map<string, number>();
  return serveLocally((request, response) => {
    handle(request, response, recorded, failures).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else refuse(response, 500, "server_error", error instanceof Error ? error.message : String(error));
    });
  }, port);
}

async function handle(
  request: IncomingMessage,
  response: ServerResponse,
  recorded: RecordedRequest[],
  failures: Map<string, number>,
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://127.0.0.1");
  if (pathname === "/_requests") return inspect(request, response, recorded, searchParams);
  const raw = await readBody(request);
  const entry = record(request, raw, recorded);
  response.once("close", () => {
    if (entry.outcome === "pending" && response.headersSent) entry.outcome = response.statusCode;
  });
  if ((request.headers.authorization ?? "").startsWith("Bearer invalid")) {
    return refuse(response, 401, "invalid_api_key", "The API key is not valid.");
  }
  if (request.method === "GET" && pathname === "/v1/models") {
    const data = models.map((id) => ({ id, object: "model", created: 0, owned_by: "local" }));
    return sendJson(response, 200, { object: "list", data });
  }
  if (request.method === "POST" && pathname === "/v1/embeddings") {
    const wanted = embeddingRequestSchema.safeParse(entry.body);
    if (!wanted.success) return refuse(response, 400, "invalid_request_error", z.prettifyError(wanted.error));
    const asked = [wanted.data.input].flat().join("\n");
    if (await meetsFault(asked, parseDirectives(asked).directives, response, entry, failures)) return;
    return sendJson(response, 200, embeddingsOf(wanted.data));
  }
  if (request.method !== "POST" || pathname !== "/v1/chat/completions") {
    return refuse(response, 404, "not_found", `No route for ${request.method} ${pathname}.`);
  }
  const parsed = chatRequestSchema.safeParse(entry.body);
  if (!parsed.success) return refuse(response, 400, "invalid_request_error", z.prettifyError(parsed.error));
  await complete(parsed.data, response, entry, failures);
}

/** Lets a request meet what its text asks for; whether that was its end. */
async function meetsFault(
  message: string,
  directives: Directives,
  response: ServerResponse,
  entry: RecordedRequest,
  failures: Map<string, number>,
): Promise<boolean> {
  if (directives.delayMs !== undefined) await sleep(directives.delayMs);
  if (directives.hang) {
    entry.outcome = "hung";
    return true;
  }
  const { fail } = directives;
  if (fail !== undefined) {
    const seen = (failures.get(message) ?? 0) + 1;
    failures.set(message, seen);
    if (seen <= (fail.times ?? Number.POSITIVE_INFINITY)) {
      const wait = fail.retryAfterSeconds;
      const headers: Record<string, string> = wait === undefined ? {} : { "retry-after": String(wait) };
      refuse(response, fail.status, "scripted_failure", `The message asked for ${fail.status}.`, headers);
      return true;
    }
  }
  return false;
}

async function complete(
  chat: ChatRequest,
  response: ServerResponse,
  entry: RecordedRequest,
  failures: Map<string, number>,
): Promise<void> {
  const message = lastUserText(chat.messages);
  const { directives } = parseDirectives(message);
  if (await meetsFault(message, directives, response, entry, failures)) return;
  const identity = { id: `chatcmpl-${entry.id}`, created: Math.floor(entry.received_at / 1000), model: chat.model };
  const reply = answer(chat);
  if (directives.cut) entry.outcome = "cut";
  if (chat.stream === true) {
    const chunks = chunksOf(identity, reply, chat.stream_options?.include_usage === true);
    return stream(response, directives.cut ? chunks.slice(0, Math.ceil(chunks.length / 2)) : chunks, directives);
  }
  const body = JSON.stringify(completionOf(identity, reply));
  response.writeHead(200, { "content-type": "application/json", "content-length": Buffer.byteLength(body) });
  if (!directives.cut) return void response.end(body);
  response.write(body.slice(0, body.length / 2), () => response.destroy());
}

/** Sends server-sent events one by one; a cut stream ends without its last event. */
async function stream(
  response: ServerResponse,
  chunks: unknown[],
  { cut, paceMs = 0 }: { cut: boolean; paceMs?: number },
): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  for (const [index, chunk] of chunks.entries()) {
    if (index > 0) await sleep(paceMs); // at least one turn of the event loop, so that each event leaves alone
    if (response.destroyed) return;
    await new Promise((resolve) => response.write(`data: ${JSON.stringify(chunk)}\n\n`, resolve));
  }
  if (cut) response.destroy();
  else response.end("data: [DONE]\n\n");
}

function record(request: IncomingMessage, raw: Buffer, recorded: RecordedRequest[]): RecordedRequest {
  const headers = Object.entries(request.headers).map(([name, value]) => [
    name,
    secretHeaders.has(name) ? "[redacted]" : String(value),
  ]);
  const entry: RecordedRequest = {
    id: randomUUID(),
    received_at: Date.now(),
    method: request.method ?? "",
    path: request.url ?? "",
    headers: Object.fromEntries(headers),
    body: parseJson(raw.toString("utf8")),
    outcome: "pending",
  };
  recorded.push(entry);
  if (recorded.length > maxRecorded) recorded.shift();
  return entry;
}

function inspect(
  request: IncomingMessage,
  response: ServerResponse,
  recorded: RecordedRequest[],
  query: URLSearchParams,
): void {
  if (request.method === "DELETE") recorded.length = 0;
  const contains = query.get("contains") ?? "";
  sendJson(response, 200, {
    requests: recorded.filter((entry) => JSON.stringify(entry.body).includes(contains)),
  });
}

function refuse(
  response: ServerResponse,
  status: number,
  code: string,
  message: string,
  headers: Record<string, string> = {},
): void {
  sendJson(response, status, { error: { message, type: code, param: null, code } }, headers);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
