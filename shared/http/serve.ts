import { isUtf8 } from "node:buffer";
import middy from "@middy/core";
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from "aws-lambda";
import type { Answer } from "./answer.ts";
import type { Handlers } from "./call.ts";
import { createDispatcher } from "./dispatch.ts";
import type { OperationShape } from "./operation.ts";
import type { RawRequest } from "./parse.ts";
import type { Platform } from "./platform.ts";

/** What a room gives to be served: its operations, a handler for each, and what the handlers need. */
export interface Service<T extends Readonly<Record<string, OperationShape>>, D> {
  readonly operations: T;
  readonly handlers: Handlers<T, D>;
  readonly platform: Platform;
  readonly deps: D;
}

/** The gateway's event (HTTP API or function URL, payload 2.0) as a plain request. */
export function toRequest(event: APIGatewayProxyEventV2): RawRequest {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(event.headers ?? {}))
    if (value !== undefined) headers[name.toLowerCase()] = value;
  const text = bodyOf(event);
  return {
    method: event.requestContext.http.method,
    path: event.rawPath,
    query: event.rawQueryString ?? "",
    headers,
    body: text,
    ...(text?.includes("\ufffd") && !isUtf8Body(event) ? { undecodable: true } : {}),
    ip: event.requestContext.http.sourceIp,
  };
}

const bodyOf = ({ body, isBase64Encoded }: APIGatewayProxyEventV2): string | undefined => {
  if (body === undefined || body === null) return undefined;
  return isBase64Encoded ? Buffer.from(body, "base64").toString("utf8") : body;
};

/**
 * Whether a body with the sign for what cannot be decoded was sent with it. Only the bytes tell; where the gateway has
 * decoded them already, the sign stands for bytes that are lost.
 */
const isUtf8Body = ({ body, isBase64Encoded }: APIGatewayProxyEventV2): boolean =>
  isBase64Encoded && isUtf8(Buffer.from(body ?? "", "base64"));

/** The body as the gateway takes it: text, or bytes in base64. */
async function collect(
  body: Answer["body"],
): Promise<Pick<APIGatewayProxyStructuredResultV2, "body" | "isBase64Encoded">> {
  if (typeof body === "string") return { body };
  if (body instanceof Uint8Array) return { body: Buffer.from(body).toString("base64"), isBase64Encoded: true };
  let text = "";
  for await (const piece of body) text += piece;
  return { body: text };
}

/** The Lambda handler of a room's operations behind the HTTP API. */
export function serve<T extends Readonly<Record<string, OperationShape>>, D>(service: Service<T, D>) {
  const dispatch = createDispatcher(service.operations, service.handlers, service.platform, service.deps);
  return middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Error, Context>().handler(
    async (event: APIGatewayProxyEventV2) => {
      const answer = await dispatch(toRequest(event));
      return { statusCode: answer.status, headers: { ...answer.headers }, ...(await collect(answer.body)) };
    },
  );
}
