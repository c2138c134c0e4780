import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { watch } from "../consumers.ts";
import { wake } from "../control/waking.ts";
import { runControl } from "../deps.ts";
import { runWake, runWatch } from "../store.ts";

const platform = connectWorker("runs-watch");
const deps = runControl(platform);
const works = {
  [runWatch.kind]: (due: Due) => watch(due, deps),
  [runWake.kind]: (due: Due) => wake(due, deps),
};

export const handler = consumeMessages(platform.log, dueWorker(platform.table, works));
