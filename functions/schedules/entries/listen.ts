import { consume } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { listen } from "../consumers.ts";
import { scheduleDeps } from "../deps.ts";

const platform = connectPlatform("schedules-listen");
const deps = scheduleDeps(platform);

export const handler = consume(platform.log, (event) => listen(event, deps));
