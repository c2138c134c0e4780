import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { clear } from "../consumers.ts";
import { clearDeps } from "../deps.ts";

const platform = connectWorker("suites-clear");
const deps = clearDeps(platform);

export const handler = consume(platform.log, (event) => clear(event, deps));
