import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import * as consumers from "../consumers.ts";
import { workspaceExpiry } from "../store.ts";

const platform = connectWorker("workspaces-expiry");
const works = { [workspaceExpiry.kind]: (due: Due) => consumers.archiveExpired(due, platform) };

export const handler = consumeMessages(platform.log, dueWorker(platform.table, works));
