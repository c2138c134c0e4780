import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { listen } from "../consumers.ts";
import { scheduleDeps } from "../deps.ts";

const platform = connectWorker("schedules-listen");
const deps = scheduleDeps(platform);

export const handler = consume(platform.log, (event) => listen(event, deps));
