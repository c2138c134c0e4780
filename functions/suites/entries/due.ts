import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { look } from "../consumers.ts";
import { jobDeps } from "../deps.ts";
import { suiteRunDue } from "../store.ts";

const platform = connectWorker("suites-due");
const deps = jobDeps(platform);
const works = { [suiteRunDue.kind]: (due: Due) => look(due, deps) };

export const handler = consumeMessages(platform.log, dueWorker(platform.table, works));
