import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pathToFileURL } from "node:url";
import { readBody, sendJson, serveLocally } from "../http.ts";
import { toFunctionUrlEvent } from "./event.ts";
import type { WorkerOutput, WorkerSettings } from "./protocol.ts";
import { settingsVariable, workerInputSchema, workerSettingsSchema } from "./protocol.ts";
import type { InvocationContext, StreamHandler } from "./runtime.ts";
import { awslambda, ResponseStream } from "./runtime.ts";

// The process of one streaming function: it has the function's environment and its role's credentials, loads the
// deployed bundle and serves it on 127.0.0.1. It ends with its parent.

const settings = workerSettingsSchema.parse(JSON.parse(process.env[settingsVariable] ?? "{}"));
delete process.env[settingsVariable];

process.on("disconnect", () => process.exit(0));
process.on("SIGINT", () => {}); // Ctrl-C reaches the whole group; the parent ends us in its order
process.on("message", (message) => Object.assign(process.env, workerInputSchema.parse(message).credentials));

try {
  Object.assign(globalThis, { awslambda });
  const handler = await loadHandler(settings.bundle);
  const server = await serveLocally((request, response) => void invoke(handler, settings, request, response));
  tell({ port: server.port });
} catch (error) {
  tell({ problem: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  process.disconnect?.();
}

function tell(output: WorkerOutput): void {
  process.send?.(output);
}

async function loadHandler(bundle: string): Promise<StreamHandler> {
  const module: unknown = await import(pathToFileURL(bundle).href);
  if (typeof module === "object" && module !== null && "handler" in module && isHandler(module.handler)) {
    return module.handler;
  }
  throw new Error(`${bundle} exports no function named handler.`);
}

function isHandler(value: unknown): value is StreamHandler {
  return typeof value === "function";
}

async function invoke(
  handler: StreamHandler,
  { timeout_ms, ...fn }: WorkerSettings,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const receivedAt = Date.now();
  const requestId = randomUUID();
  const stream = new ResponseStream(response);
  const failed = (reason: string) => {
    console.error(JSON.stringify({ level: "ERROR", function_name: fn.function_name, request_id: requestId, reason }));
    // What AWS does: an error page of its own before the first byte, a broken stream after it.
    if (response.headersSent) response.destroy();
    else sendJson(response, 502, { Message: "Internal Server Error" });
  };
  stream.on("error", (error) => failed(error.stack ?? error.message));
  const timer = setTimeout(() => failed(`Task timed out after ${timeout_ms / 1000} seconds`), timeout_ms);
  const context: InvocationContext = {
    awsRequestId: requestId,
    functionName: fn.function_name,
    functionVersion: "$LATEST",
    invokedFunctionArn: fn.function_arn,
    memoryLimitInMB: String(fn.memory_mb),
    logGroupName: `/aws/lambda/${fn.function_name}`,
    logStreamName: requestId,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => Math.max(0, receivedAt + timeout_ms - Date.now()),
  };
  try {
    const body = await readBody(request);
    const { method = "GET", url = "/", headers } = request;
    await handler(toFunctionUrlEvent({ method, url, headers, body, requestId, receivedAt }), stream, context);
    if (!stream.writableEnded) stream.end();
  } catch (error) {
    failed(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    clearTimeout(timer);
  }
}
