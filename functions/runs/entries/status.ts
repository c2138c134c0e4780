import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { executionEnded } from "../consumers.ts";
import { runControl } from "../deps.ts";

const platform = connectPlatform("runs-status");
const deps = runControl(platform);

export const handler = consumeMessages(platform.log, (message) => executionEnded(message, deps));
