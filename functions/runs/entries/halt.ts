import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { halt } from "../consumers.ts";
import { runControl } from "../deps.ts";

const platform = connectWorker("runs-halt");
const deps = runControl(platform);

export const handler = consume(platform.log, (event) => halt(event, deps));
