import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { wakeBy } from "../control/waking.ts";
import { runControl } from "../deps.ts";

const platform = connectWorker("runs-wake");
const deps = runControl(platform);

export const handler = consume(platform.log, (event) => wakeBy(event, deps));
