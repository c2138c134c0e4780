import { consume } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { followRun } from "../consumers.ts";

const platform = connectPlatform("approvals-runs");

export const handler = consume(platform.log, (event) => followRun(event, platform));
