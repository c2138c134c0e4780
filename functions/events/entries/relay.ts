import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { DynamoDBStreamEvent } from "aws-lambda";
import { clientOptions } from "../../../shared/aws/clients.ts";
import { readSettings } from "../../../shared/config/settings.ts";
import { pause } from "../../../shared/dynamo/retry.ts";
import { type DeadEvent, type Image, putEvents } from "../../../shared/events/put.ts";
import { queueAt } from "../../../shared/events/queue.ts";
import { createLog } from "../../../shared/observability/log.ts";
import { eventDefinition } from "../../events.ts";
import { leaves } from "../relay/leaves.ts";

const { BUS_NAME, DEAD_LETTERS_URL } = readSettings(["BUS_NAME", "DEAD_LETTERS_URL"]);
const FIRST_PAUSE_MS = 200;
const sqs = new SQSClient({ ...clientOptions("queue"), useQueueUrlAsEndpoint: false });
const deps = {
  bus: new EventBridgeClient(clientOptions("bus")),
  bus_name: BUS_NAME,
  dead: queueAt<DeadEvent>(sqs, DEAD_LETTERS_URL),
  leaves: (image: Image) => leaves(image, (type) => eventDefinition(type) !== undefined),
  pause: (attempt: number) => pause(attempt, FIRST_PAUSE_MS),
};
const log = createLog("events-relay");

export const handler = async (batch: DynamoDBStreamEvent): Promise<void> => {
  const { sent, dead } = await putEvents(batch, deps);
  for (const event of dead) log.error("event.dead", new Error(`${event.reason}: ${event.detail}`), { ...event });
  log.info("event.relayed", { count: sent });
};
