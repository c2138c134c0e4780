import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { type EventBridgeClient, PutEventsCommand, type PutEventsRequestEntry } from "@aws-sdk/client-eventbridge";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { DynamoDBStreamEvent } from "aws-lambda";
import { envelopeSchema } from "../../../shared/change/events.ts";

interface RelayDeps {
  readonly bus: Pick<EventBridgeClient, "send">;
  readonly bus_name: string;
}

/** What EventBridge takes in one call: so many entries, and so many bytes with all that counts to them. */
const MOST_ENTRIES = 10;
const MOST_BYTES = 250_000;

/**
 * Puts the events of a batch on the bus, in order. Throws for the whole batch when one is refused: the batch comes
 * again, consumers know events by id, so a repeated one changes nothing and none is lost.
 * @returns how many there were
 */
export async function putEvents(batch: DynamoDBStreamEvent, { bus, bus_name }: RelayDeps): Promise<number> {
  const entries = batch.Records.flatMap((record): PutEventsRequestEntry[] => {
    const image = record.dynamodb?.NewImage;
    if (record.eventName !== "INSERT" || image?.item_type?.S !== "event") return [];
    const event = envelopeSchema.parse(unmarshall(image as Record<string, AttributeValue>).envelope);
    const { type, occurred_at } = event;
    return [
      {
        EventBusName: bus_name,
        Source: "kaizen-studio",
        DetailType: type,
        Detail: JSON.stringify(event),
        Time: new Date(occurred_at),
      },
    ];
  });
  for (const Entries of portions(entries)) {
    const answer = await bus.send(new PutEventsCommand({ Entries }));
    if ((answer.FailedEntryCount ?? 0) > 0)
      throw new Error(`${answer.FailedEntryCount} events were not taken by the bus`);
  }
  return entries.length;
}

function portions(entries: readonly PutEventsRequestEntry[]): PutEventsRequestEntry[][] {
  const all: PutEventsRequestEntry[][] = [];
  let size = 0;
  for (const entry of entries) {
    const bytes = Buffer.byteLength(entry.Detail ?? "") + 200;
    const last = all.at(-1);
    if (last === undefined || last.length === MOST_ENTRIES || size + bytes > MOST_BYTES) {
      all.push([entry]);
      size = bytes;
    } else {
      last.push(entry);
      size += bytes;
    }
  }
  return all;
}
