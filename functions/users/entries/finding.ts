import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import * as consumers from "../finding/consumers.ts";

const platform = connectWorker("users-finding");

export const handler = consume(platform.log, (event) => consumers.followMember(event, platform));
