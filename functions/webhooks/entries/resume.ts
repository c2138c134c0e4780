import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { attemptQueue } from "../deliveries/queues.ts";
import { resume } from "../deliveries/resume.ts";

const { table, clock, log } = connectWorker("webhooks-resume");
const deps = { table, clock, attempts: attemptQueue() };

export const handler = consume(log, (event) => resume(event, deps));
