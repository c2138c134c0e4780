import { relay } from "../../../shared/events/relay.ts";
import { eventDefinition } from "../../events.ts";
import { leaves } from "../relay/leaves.ts";

export const handler = relay("events-relay", (image) => leaves(image, (type) => eventDefinition(type) !== undefined));
