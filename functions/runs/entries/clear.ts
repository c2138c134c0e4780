import { consume } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { clear } from "../consumers.ts";

const platform = connectPlatform("runs-clear");

export const handler = consume(platform.log, (event) => clear(event, platform));
