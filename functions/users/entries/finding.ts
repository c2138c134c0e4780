import { consume } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import * as consumers from "../finding/consumers.ts";

const platform = connectPlatform("users-finding");

export const handler = consume(platform.log, (event) => consumers.followMember(event, platform));
