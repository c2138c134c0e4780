import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { fanOut } from "../deliveries/fan-out.ts";
import { attemptQueue } from "../deliveries/queues.ts";

const { table, log } = connectWorker("webhooks-fan-out");
const deps = { table, attempts: attemptQueue() };

export const handler = consume(log, (event) => fanOut(event, deps));
