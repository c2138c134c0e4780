import type { Due } from "../../../shared/due/item.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { connectMail } from "../../../shared/mail/send.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { comesDue, revokeOrphans, tellOfLeak } from "../consumers.ts";
import { apiKeyDue, leakedKey, orphanedKeys } from "../store.ts";

const platform = connectWorker("api-keys-due");
const deps = { ...platform, send: connectMail(platform) };
const works = {
  [apiKeyDue.kind]: (due: Due) => comesDue(due, deps),
  [leakedKey.kind]: (due: Due) => tellOfLeak(due, deps),
  [orphanedKeys.kind]: (due: Due) => revokeOrphans(due, deps),
};

export const handler = consumeMessages(platform.log, dueWorker(platform.table, works));
