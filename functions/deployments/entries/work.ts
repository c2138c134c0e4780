import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { workDeps } from "../deps.ts";
import { tellDue } from "../endpoints/telling.ts";
import { work } from "../steps/work.ts";
import { deploymentDue, endpointDue } from "../store.ts";

const platform = connectWorker("deployments-work");
const deps = workDeps(platform);
const works = {
  [deploymentDue.kind]: (due: Due) => work(due, deps),
  [endpointDue.kind]: (due: Due) => tellDue(due, deps),
};

export const handler = consumeMessages(platform.log, dueWorker(platform.table, works));
