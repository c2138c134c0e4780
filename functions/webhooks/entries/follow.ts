import { consume } from "../../../shared/events/consume.ts";
import { createLog } from "../../../shared/observability/log.ts";
import { attemptQueue, jobQueue } from "../deliveries/queues.ts";
import { follow } from "../replays/continue.ts";

const deps = { attempts: attemptQueue(), jobs: jobQueue() };

export const handler = consume(createLog("webhooks-follow"), (event) => follow(event, deps));
