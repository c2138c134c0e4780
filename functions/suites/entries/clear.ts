import { consume } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { clear } from "../consumers.ts";
import { clearDeps } from "../deps.ts";

const platform = connectPlatform("suites-clear");
const deps = clearDeps(platform);

export const handler = consume(platform.log, (event) => clear(event, deps));
