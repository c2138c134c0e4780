import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { expire } from "../consumers.ts";
import { runControl } from "../deps.ts";

const platform = connectPlatform("runs-deadline");
const deps = runControl(platform);

export const handler = consumeMessages(platform.log, (message) => expire(message, deps));
