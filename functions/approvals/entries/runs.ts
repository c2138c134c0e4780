import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { followRun } from "../consumers.ts";

const platform = connectWorker("approvals-runs");

export const handler = consume(platform.log, (event) => followRun(event, platform));
