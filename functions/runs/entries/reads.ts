import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { runViews } from "../deps.ts";
import * as handlers from "../reading/handlers.ts";
import { readOperations as operations } from "../reading/operations.ts";

const platform = connectPlatform("runs-reads");

export const handler = serve({ operations, handlers, platform, deps: runViews(platform) });
