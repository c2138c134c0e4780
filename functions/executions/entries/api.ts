import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { kmsKeysAtStart } from "../../../shared/secrets/at-start.ts";
import { connectAgentRuns } from "../deps.ts";
import { execute } from "../handlers.ts";
import { inspectTool } from "../inspection/handlers.ts";
import { inspectionOperations } from "../inspection/operations.ts";
import { executeOperations } from "../operations.ts";

const platform = connectPlatform("agents-execute", kmsKeysAtStart);

export const handler = serve({
  operations: { ...executeOperations, ...inspectionOperations },
  handlers: { execute, inspectTool },
  platform,
  deps: connectAgentRuns(platform),
});
