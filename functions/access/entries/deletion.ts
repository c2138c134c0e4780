import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { deleteRole } from "../consumers.ts";
import { roleDeletion } from "../store.ts";

const platform = connectPlatform("access-deletion");
const works = { [roleDeletion.kind]: (due: Due) => deleteRole(due, platform) };

export const handler = consumeMessages(platform.log, dueWorker(platform.table, works));
