import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { admitNext, launch } from "../consumers.ts";
import { runControl } from "../deps.ts";

const platform = connectWorker("runs-launch");
const deps = runControl(platform);

export const handler = consume(platform.log, (event) =>
  event.type === "run.started" ? launch(event, deps) : admitNext(event, deps),
);
