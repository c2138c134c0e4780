import { readSettings } from "../../../shared/config/settings.ts";
import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectKmsKey } from "../../../shared/signing/kms.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { erasePerson } from "../persons/erase.ts";
import { personErasure } from "../persons/store.ts";
import { checkNumbers } from "../upkeep/check.ts";
import { auditCheck, auditTelling } from "../upkeep/store.ts";
import { tellHead } from "../upkeep/tell.ts";

const { table, clock, log } = connectWorker("audit-upkeep");
const { HEADS_KEY_ARN } = readSettings(["HEADS_KEY_ARN"]);
const deps = {
  table,
  clock,
  log,
  key: connectKmsKey(HEADS_KEY_ARN),
  budget: () => {
    const end = performance.now() + 60_000;
    return () => performance.now() < end;
  },
};
const works = {
  [auditTelling.kind]: (due: Due) => tellHead(due, deps),
  [personErasure.kind]: (due: Due) => erasePerson(due, deps),
  [auditCheck.kind]: (due: Due) => checkNumbers(due, deps),
};

export const handler = consumeMessages(log, dueWorker(table, works));
