import { connectFiles } from "../../../shared/blobs/files.ts";
import { readSettings } from "../../../shared/config/settings.ts";
import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { purgeWork } from "../../../shared/purge/purge.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { endOverdue } from "../contexts/overdue.ts";
import { purgedAgent } from "../purge/purge.ts";
import { agentPurge, contextOverdue } from "../store.ts";
import { eraseThread } from "../threads/ending.ts";
import { threadErasure } from "../threads/store.ts";

const { table, clock, log } = connectWorker("agents-purge");
const { BUCKET_NAME } = readSettings(["BUCKET_NAME"]);
const deps = { table, clock, ...connectFiles(BUCKET_NAME) };

const works = {
  [agentPurge.kind]: purgeWork(purgedAgent, deps),
  [contextOverdue.kind]: (due: Due) => endOverdue(due, deps),
  [threadErasure.kind]: (due: Due) => eraseThread(due, deps),
};

export const handler = consumeMessages(log, dueWorker(table, works));
