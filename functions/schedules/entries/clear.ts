import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { clear } from "../consumers.ts";

const { table, log } = connectWorker("schedules-clear");

export const handler = consume(log, (event) => clear(event, { table }));
