import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { APIGatewayProxyStructuredResultV2 } from "aws-lambda";
import { inject } from "vitest";
import * as z from "zod";
import { allOperations } from "../../functions/operations.ts";
import { functionDescription } from "../../infra/bundle.ts";
import { awsAt, awsEnvironment } from "../../local/aws.ts";
import { type FunctionUrlEvent, toFunctionUrlEvent } from "../../local/stream/event.ts";
import { type DeployedFunction, findFunction, letRootIn, listFunctions } from "../../local/stream/functions.ts";
import { API_BASE, type OperationShape } from "../../shared/http/operation.ts";
import { entryFile } from "../../shared/room.ts";
import { type ApiAnswer, answerOf, type CallOptions, requestOf } from "../support/api.ts";

// The API's functions inside the test's process: the entries that are deployed, with the settings that they have there,
// on the deployed table. What is left out is the way to them: gateway, cold starts, the roles but for what is done for an
// organization, which is done by credentials of the function's role that reach nothing else. A test that goes through
// all operations asks most of them here and every tenth over HTTP.

type Handler = (event: FunctionUrlEvent, context: object) => Promise<APIGatewayProxyStructuredResultV2>;
const entry = z.object({ handler: z.custom<Handler>((value) => typeof value === "function") });

let deployed: Promise<DeployedFunction[]> | undefined;
const loaded = new Map<string, Promise<Handler>>();
let loading: Promise<unknown> = Promise.resolve();

/** A function's handler. Each function reads its settings while it loads, so one loads after the other. */
function handlerOf(room: string, name: string): Promise<Handler> {
  const file = join(import.meta.dirname, "../../functions", room, entryFile(name));
  const load = async (): Promise<Handler> => {
    const { endpoint } = inject("stack");
    const aws = awsAt(endpoint);
    deployed ??= listFunctions(aws);
    const fn = findFunction(await deployed, functionDescription(room, name));
    const settings = fn.Environment?.Variables ?? {};
    await letRootIn(aws, fn);
    Object.assign(process.env, settings, awsEnvironment(endpoint), { POWERTOOLS_LOG_LEVEL: "SILENT" });
    const { handler } = entry.parse(await import(pathToFileURL(file).href));
    // What this function may write and open is no limit of the tests' own tables and secrets.
    delete process.env.TABLE_WRITES;
    delete process.env.SECRET_USES;
    return handler;
  };
  const known = loaded.get(file);
  if (known !== undefined) return known;
  const handler = loading.then(load);
  loaded.set(file, handler);
  loading = handler.catch(() => undefined);
  return handler;
}

const roomOf = new Map(allOperations.map(({ room, operation }) => [operation.id, room]));

/** Calls the operation in this process, as `call` does it over HTTP; never throws for an error status. */
export async function callInside(operation: OperationShape, path: string, options: CallOptions): Promise<ApiAnswer> {
  const handler = await handlerOf(roomOf.get(operation.id) ?? "", operation.served_by);
  const { headers, body } = requestOf(options);
  const event = toFunctionUrlEvent({
    method: operation.method,
    url: API_BASE + path,
    headers,
    body: Buffer.from(body ?? ""),
    requestId: crypto.randomUUID(),
    receivedAt: Date.now(),
  });
  const answer = await handler(event, {});
  const bytes = Buffer.from(answer.body ?? "", answer.isBase64Encoded ? "base64" : "utf8");
  const received = Object.entries(answer.headers ?? {}).map(([name, value]): [string, string] => [name, String(value)]);
  return answerOf(answer.statusCode ?? 200, new Headers(received), bytes.toString("utf8"));
}
