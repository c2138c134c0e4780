import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import * as consumers from "../consumers.ts";
import { workspaceExpiry } from "../store.ts";

const platform = connectPlatform("workspaces-expiry");
const works = { [workspaceExpiry.kind]: (due: Due) => consumers.archiveExpired(due, platform) };

export const handler = consumeMessages(platform.log, dueWorker(platform.table, works));
