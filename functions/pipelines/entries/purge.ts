import { connectFiles } from "../../../shared/blobs/files.ts";
import { readSettings } from "../../../shared/config/settings.ts";
import { dueWorker } from "../../../shared/due/work.ts";
import { consumeMessages } from "../../../shared/events/consume.ts";
import { purgeWork } from "../../../shared/purge/purge.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { purgedPipeline } from "../purge/purge.ts";
import { pipelinePurge } from "../store.ts";

const { table, clock, log } = connectWorker("pipelines-purge");
const { BUCKET_NAME } = readSettings(["BUCKET_NAME"]);
const deps = { table, clock, files: connectFiles(BUCKET_NAME).files };

export const handler = consumeMessages(
  log,
  dueWorker(table, { [pipelinePurge.kind]: purgeWork(purgedPipeline, deps) }),
);
