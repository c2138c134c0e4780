import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import * as consumers from "../consumers.ts";

const platform = connectWorker("workspaces-members");

export const handler = consume(platform.log, (event) => consumers.forgetMembers(event, platform));
