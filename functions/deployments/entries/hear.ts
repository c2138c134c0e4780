import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { hear } from "../consumers.ts";
import { workDeps } from "../deps.ts";

const platform = connectWorker("deployments-hear");
const deps = workDeps(platform);

export const handler = consume(platform.log, (event) => hear(event, deps));
