import { consume } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { wakeBy } from "../control/waking.ts";
import { runControl } from "../deps.ts";

const platform = connectPlatform("runs-wake");
const deps = runControl(platform);

export const handler = consume(platform.log, (event) => wakeBy(event, deps));
