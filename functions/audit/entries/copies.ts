import { connectLockedFiles } from "../../../shared/blobs/locked.ts";
import { readSettings } from "../../../shared/config/settings.ts";
import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectKmsKey } from "../../../shared/signing/kms.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { copyLog } from "../copies/copy.ts";
import { auditCopying } from "../copies/store.ts";
import { auditHolding } from "../holds/store.ts";
import { sweepHolds } from "../holds/sweep.ts";
import { room } from "../room.ts";

const { table, clock, log, secrets } = connectWorker("audit-copies");
const { HEADS_KEY_ARN } = readSettings(["HEADS_KEY_ARN"]);
const deps = {
  table,
  clock,
  secrets,
  files: connectLockedFiles(),
  key: connectKmsKey(HEADS_KEY_ARN),
  /** Half of its time: what has begun then is done in the other half. */
  budget: () => {
    const end = performance.now() + room.functions.copies.timeout_seconds * 500;
    return () => performance.now() < end;
  },
};
const works = {
  [auditCopying.kind]: (due: Due) => copyLog(due, deps),
  [auditHolding.kind]: (due: Due) => sweepHolds(due, deps),
};

export const handler = consumeMessages(log, dueWorker(table, works));
