import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { doDue } from "../consumers.ts";
import { approvalDue } from "../store.ts";

const platform = connectPlatform("approvals-due");
const works = { [approvalDue.kind]: (due: Due) => doDue(due, platform) };

export const handler = consumeMessages(platform.log, dueWorker(platform.table, works));
