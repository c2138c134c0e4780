import { consume } from "../../shared/events/consume.ts";
import { createLog } from "../../shared/observability/log.ts";
import { follow } from "./follow.ts";
import { attemptQueue, jobQueue } from "./queues.ts";

const deps = { attempts: attemptQueue(), jobs: jobQueue() };

export const handler = consume(createLog("webhooks-follow"), (event) => follow(event, deps));
