import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { recordUndelivered } from "../consumers.ts";

const platform = connectPlatform("mail-undelivered");

export const handler = consumeMessages(platform.log, (message) => recordUndelivered(message, platform));
