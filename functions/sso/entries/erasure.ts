import { consume } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import * as consumers from "../consumers.ts";

const platform = connectPlatform("sso-erasure");

export const handler = consume(platform.log, (event) => consumers.letGo(event, platform));
