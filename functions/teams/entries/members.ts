import { consume } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import * as consumers from "../consumers.ts";

const platform = connectPlatform("teams-members");

export const handler = consume(platform.log, (event) => consumers.followDeletion(event, platform));
