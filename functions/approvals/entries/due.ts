import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { doDue } from "../consumers.ts";
import { approvalDue } from "../store.ts";

const platform = connectWorker("approvals-due");
const works = { [approvalDue.kind]: (due: Due) => doDue(due, platform) };

export const handler = consumeMessages(platform.log, dueWorker(platform.table, works));
