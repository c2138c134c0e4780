import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import * as consumers from "../consumers.ts";
import { transferExpiry } from "../transfer/store.ts";

const platform = connectWorker("organizations-expiry");
const works = { [transferExpiry.kind]: (due: Due) => consumers.expireTransfer(due, platform) };

export const handler = consumeMessages(platform.log, dueWorker(platform.table, works));
