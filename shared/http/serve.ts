import middy from "@middy/core";
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from "aws-lambda";
import type { Answer } from "./answer.ts";
import type { Handlers } from "./call.ts";
import { createDispatcher, type Refuse } from "./dispatch.ts";
import { answerEvent, connectFront, type Front } from "./front.ts";
import type { OperationShape } from "./operation.ts";
import type { Platform } from "./platform.ts";

/** What a room gives to be served: its operations, a handler for each, and what the handlers need. */
export interface Service<T extends Readonly<Record<string, OperationShape>>, D> {
  readonly operations: T;
  readonly handlers: Handlers<T, D>;
  readonly platform: Platform;
  readonly deps: D;
  /** How failures leave, where not as problem documents. */
  readonly refuse?: Refuse;
}

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

/** Each call has its own time limits, long before the function's: middy's timer for that costs what a token's check does. */
const NO_TIMER = { timeoutEarlyInMillis: 0 };

/** The Lambda handler of a room's operations behind the HTTP API. */
export function serve<T extends Readonly<Record<string, OperationShape>>, D>(
  service: Service<T, D>,
  front: Front = connectFront(),
) {
  const { operations, handlers, platform, deps, refuse } = service;
  const dispatch = createDispatcher(operations, handlers, platform, deps, refuse);
  return middy<APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Error, Context>(NO_TIMER).handler(
    async (event: APIGatewayProxyEventV2) => {
      const answer = await answerEvent(event, front, dispatch);
      return { statusCode: answer.status, headers: { ...answer.headers }, ...(await collect(answer.body)) };
    },
  );
}
