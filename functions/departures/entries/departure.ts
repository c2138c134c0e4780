import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { departure } from "../../users/public.ts";
import * as consumers from "../consumers.ts";

const platform = connectWorker("departures");
const works = { [departure.kind]: (due: Due) => consumers.depart(due, platform) };

export const handler = consumeMessages(platform.log, dueWorker(platform.table, works));
