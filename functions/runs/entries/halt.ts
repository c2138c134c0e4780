import { consume } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { halt } from "../consumers.ts";
import { runControl } from "../deps.ts";

const platform = connectPlatform("runs-halt");
const deps = runControl(platform);

export const handler = consume(platform.log, (event) => halt(event, deps));
