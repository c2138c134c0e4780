import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { recordUndelivered } from "../consumers.ts";

const platform = connectWorker("mail-undelivered");

export const handler = consumeMessages(platform.log, (message) => recordUndelivered(message, platform));
