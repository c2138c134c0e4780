import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { EventBridgeClient, PutEventsCommand } from "@aws-sdk/client-eventbridge";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { DynamoDBStreamEvent } from "aws-lambda";
import * as z from "zod";
import { envelopeSchema } from "../../shared/change/events.ts";
import { parseEnvironment } from "../../shared/config/env.ts";
import { createLog } from "../../shared/observability/log.ts";

const { BUS_NAME } = parseEnvironment(z.object({ BUS_NAME: z.string().min(1) }));
const client = new EventBridgeClient({ maxAttempts: 5 });
const log = createLog("events-relay");

/** What EventBridge takes in one call. */
const MOST_ENTRIES = 10;

/**
 * Puts the events of a batch on the bus, in order. Throws for the whole batch when one is refused: the batch comes
 * again, consumers know events by id, so a repeated one changes nothing and none is lost.
 */
export const handler = async (batch: DynamoDBStreamEvent): Promise<void> => {
  const events = batch.Records.flatMap((record) => {
    const image = record.dynamodb?.NewImage;
    if (record.eventName !== "INSERT" || image?.item_type?.S !== "event") return [];
    return [envelopeSchema.parse(unmarshall(image as Record<string, AttributeValue>).envelope)];
  });
  for (let i = 0; i < events.length; i += MOST_ENTRIES) {
    const answer = await client.send(
      new PutEventsCommand({
        Entries: events.slice(i, i + MOST_ENTRIES).map((event) => ({
          EventBusName: BUS_NAME,
          Source: "kaizen-studio",
          DetailType: event.type,
          Detail: JSON.stringify(event),
          Time: new Date(event.occurred_at),
        })),
      }),
    );
    if ((answer.FailedEntryCount ?? 0) > 0)
      throw new Error(`${answer.FailedEntryCount} events were not taken by the bus`);
  }
  log.info("event.relayed", { count: events.length });
};
