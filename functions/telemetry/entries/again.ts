import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { tellAgain } from "../consumers.ts";
import { tellDeps } from "../deps.ts";
import { traceExportDue } from "../store.ts";

const platform = connectWorker("telemetry-again");
const deps = tellDeps(platform);
const works = { [traceExportDue.kind]: (due: Due) => tellAgain(due, deps) };

export const handler = consumeMessages(platform.log, dueWorker(platform.table, works));
