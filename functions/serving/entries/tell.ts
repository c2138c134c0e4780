import { relay } from "../../../shared/events/relay.ts";
import { leaves } from "../telling/leaves.ts";

export const handler = relay("serving-tell", leaves);
