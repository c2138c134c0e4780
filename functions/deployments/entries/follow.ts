import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { deploymentDeps } from "../deps.ts";
import { hear } from "../endpoints/consumers.ts";

const worker = connectWorker("deployments-follow");
const deps = deploymentDeps(worker);

export const handler = consume(worker.log, (event) => hear(event, deps));
