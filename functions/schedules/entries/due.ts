import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { comesDue } from "../consumers.ts";
import { scheduleDeps } from "../deps.ts";
import { scheduleDue } from "../store.ts";

const platform = connectWorker("schedules-due");
const deps = scheduleDeps(platform);
const works = { [scheduleDue.kind]: (due: Due) => comesDue(due, deps) };

export const handler = consumeMessages(platform.log, dueWorker(platform.table, works));
