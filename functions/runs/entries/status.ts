import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { executionEnded } from "../consumers.ts";
import { runControl } from "../deps.ts";

const platform = connectWorker("runs-status");
const deps = runControl(platform);

export const handler = consumeMessages(platform.log, (message) => executionEnded(message, deps));
