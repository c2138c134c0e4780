import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import { SQSClient } from "@aws-sdk/client-sqs";
import type { DynamoDBStreamEvent } from "aws-lambda";
import { clientOptions } from "../aws/clients.ts";
import { readSettings } from "../config/settings.ts";
import { pause } from "../dynamo/retry.ts";
import { createLog } from "../observability/log.ts";
import { type DeadEvent, putEvents, type RelayDeps } from "./put.ts";
import { queueAt } from "./queue.ts";

const FIRST_PAUSE_MS = 200;

/** The Lambda handler of what puts new items of a table on the bus, as its stream shows them. */
export function relay(service: string, leaves: RelayDeps["leaves"]) {
  const { BUS_NAME, DEAD_LETTERS_URL } = readSettings(["BUS_NAME", "DEAD_LETTERS_URL"]);
  const sqs = new SQSClient({ ...clientOptions("queue"), useQueueUrlAsEndpoint: false });
  const deps: RelayDeps = {
    bus: new EventBridgeClient(clientOptions("bus")),
    bus_name: BUS_NAME,
    dead: queueAt<DeadEvent>(sqs, DEAD_LETTERS_URL),
    leaves,
    pause: (attempt) => pause(attempt, FIRST_PAUSE_MS),
  };
  const log = createLog(service);
  return async (batch: DynamoDBStreamEvent): Promise<void> => {
    const { sent, dead } = await putEvents(batch, deps);
    for (const event of dead) log.error("event.dead", new Error(`${event.reason}: ${event.detail}`), { ...event });
    log.info("event.relayed", { count: sent });
  };
}
