import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { hear } from "../consumers.ts";
import { jobDeps } from "../deps.ts";

const platform = connectWorker("suites-work");
const deps = jobDeps(platform);

export const handler = consume(platform.log, (event) => hear(event, deps));
