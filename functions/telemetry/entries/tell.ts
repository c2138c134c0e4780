import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { tell } from "../consumers.ts";
import { tellDeps } from "../deps.ts";

const platform = connectWorker("telemetry-tell");
const deps = tellDeps(platform);

export const handler = consume(platform.log, (event) => tell(event, deps));
