import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { connectAgentRuns } from "../deps.ts";
import { execute } from "../handlers.ts";
import { executeOperations as operations } from "../operations.ts";

const platform = connectPlatform("agents-execute");

export const handler = serve({ operations, handlers: { execute }, platform, deps: connectAgentRuns(platform) });
