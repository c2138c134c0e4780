import { consume } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { clear } from "../consumers.ts";

const { table, log } = connectPlatform("schedules-clear");

export const handler = consume(log, (event) => clear(event, { table }));
