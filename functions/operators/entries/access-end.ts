import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { accessEnd } from "../access/store.ts";
import * as consumers from "../consumers.ts";

const platform = connectWorker("operators-access-end");
const works = { [accessEnd.kind]: (due: Due) => consumers.endAccess(due, platform) };

export const handler = consumeMessages(platform.log, dueWorker(platform.table, works));
