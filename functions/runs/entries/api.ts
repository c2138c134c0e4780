import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { apiOperations } from "../control/operations.ts";
import { runDeps } from "../deps.ts";
import * as handlers from "../handlers.ts";

const platform = connectPlatform("runs");

export const handler = serve({ operations: apiOperations, handlers, platform, deps: runDeps(platform) });
