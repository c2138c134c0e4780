import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import * as consumers from "../consumers.ts";
import { connectDns } from "../proving/dns.ts";
import { domainCheck } from "../store.ts";

const platform = connectWorker("domains-checks");
const deps = { ...platform, lookUpTxt: connectDns() };
const works = { [domainCheck.kind]: (due: Due) => consumers.checkDomain(due, deps) };

export const handler = consumeMessages(platform.log, dueWorker(platform.table, works));
