import type { Writable } from "node:stream";
import type { APIGatewayProxyEventV2 } from "aws-lambda";
import type { Log } from "../observability/log.ts";
import type { Answer } from "./answer.ts";
import { createDispatcher } from "./dispatch.ts";
import { answerEvent, connectFront, type Front } from "./front.ts";
import type { OperationShape } from "./operation.ts";
import type { Service } from "./serve.ts";

/** The part of the Lambda runtime's global that streams an answer through a function URL. */
interface StreamRuntime {
  streamifyResponse(handler: (event: APIGatewayProxyEventV2, stream: Writable) => Promise<void>): unknown;
  readonly HttpResponseStream: {
    from(stream: Writable, metadata: { statusCode: number; headers: Record<string, string> }): Writable;
  };
}

declare const awslambda: StreamRuntime;

/** The Lambda handler of a room's streaming operations behind a function URL. */
export function serveStream<T extends Readonly<Record<string, OperationShape>>, D>(
  service: Service<T, D>,
  front: Front = connectFront(),
): unknown {
  const dispatch = createDispatcher(service.operations, service.handlers, service.platform, service.deps);
  return streamAnswers((event) => answerEvent(event, front, dispatch), service.platform.log);
}

/** The Lambda handler behind a function URL that answers so: a piece leaves as soon as it is there. */
export function streamAnswers(answerTo: (event: APIGatewayProxyEventV2) => Promise<Answer>, log: Log): unknown {
  return awslambda.streamifyResponse(async (event, raw) => {
    const answer = await answerTo(event);
    const stream = awslambda.HttpResponseStream.from(raw, {
      statusCode: answer.status,
      headers: { ...answer.headers },
    });
    try {
      // Status and headers leave with the first write: also of an answer that is empty, and before the first piece.
      stream.write("");
      if (typeof answer.body === "string" || answer.body instanceof Uint8Array) stream.write(answer.body);
      else await send(answer.body, stream);
      stream.end();
    } catch (error) {
      // The status has been sent: only a broken connection tells the client that this is not the whole answer.
      log.error("request.failed", error);
      throw error;
    }
  });
}

/**
 * Sends pieces as they come, no faster than they are taken, and stops the source once the stream is closed. Lambda does
 * not close it when the reader leaves: there a function goes on to its end, so every source must end by itself.
 */
async function send(pieces: AsyncIterable<string>, stream: Writable): Promise<void> {
  for await (const piece of pieces) {
    if (stream.destroyed) return;
    if (!stream.write(piece)) await drained(stream);
  }
}

const drained = (stream: Writable): Promise<void> =>
  new Promise((resolve) => {
    stream.once("drain", resolve);
    stream.once("close", resolve);
  });
