import { connectFiles } from "../../../shared/blobs/files.ts";
import { readSettings } from "../../../shared/config/settings.ts";
import { consume } from "../../../shared/events/consume.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { extractContext } from "../consumers.ts";
import { extract } from "../contexts/extraction/run.ts";
import { forgetUpload, uploadedText } from "../contexts/uploads/text.ts";
import type { StoredContext } from "../store.ts";

const { table, clock, log } = connectWorker("agents-extract");
const { BUCKET_NAME } = readSettings(["BUCKET_NAME"]);
const { blobs, files } = connectFiles(BUCKET_NAME);
const uploads = { files, extract };
const deps = {
  table,
  clock,
  log,
  blobs,
  textOf: (tenant: string, context: StoredContext) => uploadedText(tenant, context, uploads),
  forget: (tenant: string, context: StoredContext) => forgetUpload(tenant, context, uploads),
};

export const handler = consume(log, (event) => extractContext(event, deps));
