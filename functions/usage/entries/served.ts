import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { takeOver } from "../consumers.ts";

const worker = connectWorker("usage-served");

export const handler = consumeMessages(worker.log, (message) => takeOver(message, worker));
