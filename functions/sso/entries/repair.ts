import { readSettings } from "../../../shared/config/settings.ts";
import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { connectProviders } from "../connections/pool.ts";
import * as consumers from "../consumers.ts";
import { connectionRepair } from "../store.ts";

const platform = connectWorker("sso-repair");
const deps = { ...platform, providers: connectProviders(readSettings(["USER_POOL_ID"]).USER_POOL_ID) };
const works = { [connectionRepair.kind]: (due: Due) => consumers.repair(due, deps) };

export const handler = consumeMessages(platform.log, dueWorker(platform.table, works));
