import type { SQSBatchResponse, SQSEvent } from "aws-lambda";
import * as z from "zod";
import { type Envelope, envelopeSchema } from "../change/events.ts";
import type { Log } from "../observability/log.ts";

/** A message of the bus as its queue delivers it: EventBridge's frame around our envelope. */
const framed = z.object({ detail: envelopeSchema });

/**
 * The Lambda handler of a consumer of events. Each message succeeds or fails alone: a failed one comes again and, in
 * the end, waits in the dead-letter queue. Consumers must take the same event twice, known by its id.
 */
export function consume(log: Log, work: (event: Envelope) => Promise<void>) {
  return consumeMessages(log, async (body) => {
    const event = framed.parse(body).detail;
    await work(event);
    log.info("event.consumed", { event_id: event.id, type: event.type });
  });
}

/** The same for queues that carry something else than events; `body` is the parsed JSON of one message. */
export function consumeMessages(log: Log, work: (body: unknown) => Promise<void>) {
  return async (batch: SQSEvent): Promise<SQSBatchResponse> => {
    const failures = await Promise.all(
      batch.Records.map(async (record) => {
        try {
          await work(JSON.parse(record.body));
          return [];
        } catch (error) {
          log.error("consumer.failed", error, { message_id: record.messageId });
          return [{ itemIdentifier: record.messageId }];
        }
      }),
    );
    return { batchItemFailures: failures.flat() };
  };
}
