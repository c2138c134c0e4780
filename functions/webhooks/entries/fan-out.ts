import { consume } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { fanOut } from "../deliveries/fan-out.ts";
import { attemptQueue } from "../deliveries/queues.ts";

const { table, log } = connectPlatform("webhooks-fan-out");
const deps = { table, attempts: attemptQueue() };

export const handler = consume(log, (event) => fanOut(event, deps));
