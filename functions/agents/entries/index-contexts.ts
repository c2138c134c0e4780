import { setTimeout as sleep } from "node:timers/promises";
import { connectFiles } from "../../../shared/blobs/files.ts";
import { readSettings } from "../../../shared/config/settings.ts";
import { consume } from "../../../shared/events/consume.ts";
import { createOutbound } from "../../../shared/outbound/index.ts";
import { outboundPolicy, outboundSettings } from "../../../shared/outbound/settings.ts";
import { connectWorker } from "../../../shared/worker.ts";
import { createModelInvoker } from "../../models/public.ts";
import { indexAgent } from "../retrieval/indexing.ts";

const { table, clock, log, secrets } = connectWorker("agents-index-contexts");
const { BUCKET_NAME, AWS_REGION, AWS_ENDPOINT_URL } = readSettings(["BUCKET_NAME", "AWS_REGION", "AWS_ENDPOINT_URL"]);
const outbound = createOutbound(outboundPolicy(readSettings(outboundSettings)));
const deps = {
  table,
  clock,
  log,
  secrets,
  ...connectFiles(BUCKET_NAME),
  invoker: createModelInvoker({ outbound, bedrock: { region: AWS_REGION, endpoint: AWS_ENDPOINT_URL } }),
  pause: (ms: number) => sleep(ms),
};

export const handler = consume(log, (event) => indexAgent(event, deps));
