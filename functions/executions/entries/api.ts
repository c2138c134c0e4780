import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { kmsKeysAtStart } from "../../../shared/secrets/at-start.ts";
import { connectAgentRuns } from "../deps.ts";
import { execute } from "../handlers.ts";
import { executeOperations as operations } from "../operations.ts";

const platform = connectPlatform("agents-execute", kmsKeysAtStart);

export const handler = serve({ operations, handlers: { execute }, platform, deps: connectAgentRuns(platform) });
