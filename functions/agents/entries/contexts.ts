import { connectFiles } from "../../../shared/blobs/files.ts";
import { readSettings } from "../../../shared/config/settings.ts";
import { consume } from "../../../shared/events/consume.ts";
import { createOutbound } from "../../../shared/outbound/index.ts";
import { outboundPolicy, outboundSettings } from "../../../shared/outbound/settings.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { fetchContext } from "../consumers.ts";
import { extract } from "../contexts/extraction/run.ts";

const platform = connectWorker("agents-contexts");
const { BUCKET_NAME } = readSettings(["BUCKET_NAME"]);
const policy = outboundPolicy(readSettings(outboundSettings));
const deps = {
  table: platform.table,
  clock: platform.clock,
  log: platform.log,
  blobs: connectFiles(BUCKET_NAME).blobs,
  extract,
  outbound: createOutbound({ ...policy, response_headers: ["content-type", "location"] }),
};

export const handler = consume(platform.log, (event) => fetchContext(event, deps));
