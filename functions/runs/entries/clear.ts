import { connectFiles } from "../../../shared/blobs/files.ts";
import { readSettings } from "../../../shared/config/settings.ts";
import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { clear } from "../consumers.ts";

const { table, log } = connectWorker("runs-clear");
const { BUCKET_NAME } = readSettings(["BUCKET_NAME"]);
const deps = { table, files: connectFiles(BUCKET_NAME).files };

export const handler = consume(log, (event) => clear(event, deps));
