import { EventBridgeClient } from "@aws-sdk/client-eventbridge";
import type { DynamoDBStreamEvent } from "aws-lambda";
import * as z from "zod";
import { parseEnvironment } from "../../../shared/config/env.ts";
import { createLog } from "../../../shared/observability/log.ts";
import { putEvents } from "../relay/put.ts";

const { BUS_NAME } = parseEnvironment(z.object({ BUS_NAME: z.string().min(1) }));
const deps = { bus: new EventBridgeClient({ maxAttempts: 5 }), bus_name: BUS_NAME };
const log = createLog("events-relay");

export const handler = async (batch: DynamoDBStreamEvent): Promise<void> => {
  log.info("event.relayed", { count: await putEvents(batch, deps) });
};
