import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { forgetKey, look } from "../consumers.ts";
import { gatewayDeps } from "../deps.ts";
import { checkDue, keyDue } from "../store.ts";

const platform = connectWorker("gateways-checks");
const deps = gatewayDeps(platform);
const works = {
  [checkDue.kind]: (due: Due) => look(due, deps),
  [keyDue.kind]: (due: Due) => forgetKey(due, deps),
};

export const handler = consumeMessages(platform.log, dueWorker(platform.table, works));
