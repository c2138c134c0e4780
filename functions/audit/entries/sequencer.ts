import { SQSClient } from "@aws-sdk/client-sqs";
import type { DynamoDBStreamEvent } from "aws-lambda";
import { clientOptions } from "../../../shared/aws/clients.ts";
import { systemClock } from "../../../shared/clock.ts";
import { readSettings } from "../../../shared/config/settings.ts";
import { Table } from "../../../shared/dynamo/table.ts";
import { queueAt } from "../../../shared/events/queue.ts";
import { createLog } from "../../../shared/observability/log.ts";
import { connectKmsKey } from "../../../shared/signing/kms.ts";
import { type DeadEntries, sequence } from "../sequencing/batch.ts";
import { hintQueue } from "../streams/queue.ts";
import { wake } from "../streams/wake.ts";

const settings = readSettings(["DEAD_LETTERS_URL", "HEADS_KEY_ARN", "TABLE_NAME"]);
const sqs = new SQSClient({ ...clientOptions("queue"), useQueueUrlAsEndpoint: false });
const deps = {
  table: Table.connect(settings.TABLE_NAME),
  clock: systemClock,
  key: connectKmsKey(settings.HEADS_KEY_ARN),
  dead: queueAt<DeadEntries>(sqs, settings.DEAD_LETTERS_URL),
};
const hints = hintQueue();
const log = createLog("audit-sequencer");

export const handler = async (batch: DynamoDBStreamEvent): Promise<void> => {
  const { numbered, dead, grown } = await sequence(batch, deps);
  for (const one of dead) log.error("audit.unnumbered", new Error(`${one.reason}: ${one.detail}`), { ...one });
  log.info("audit.numbered", { count: numbered });
  // What is numbered is so whatever becomes of this: the event of the head wakes the streams a minute later, too.
  const woken = await Promise.allSettled(grown.map((tenant) => wake(tenant, { table: deps.table, hints })));
  for (const one of woken) if (one.status === "rejected") log.error("audit_stream.not_hinted", one.reason);
};
