import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { expire } from "../consumers.ts";
import { approvalExpiry } from "../store.ts";

const platform = connectPlatform("approvals-expiry");
const works = { [approvalExpiry.kind]: (due: Due) => expire(due, platform) };

export const handler = consumeMessages(platform.log, dueWorker(platform.table, works));
