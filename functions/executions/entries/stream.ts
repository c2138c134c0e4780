import { serveStream } from "../../../shared/http/stream.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { kmsKeysAtStart } from "../../../shared/secrets/at-start.ts";
import { connectAgentRuns } from "../deps.ts";
import { executeStream } from "../handlers.ts";
import { streamOperations as operations } from "../operations.ts";

const platform = connectPlatform("agents-stream", kmsKeysAtStart);

export const handler = serveStream({
  operations,
  handlers: { executeStream },
  platform,
  deps: connectAgentRuns(platform),
});
