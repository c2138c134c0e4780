import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { leaksDeps } from "../leaks/deps.ts";
import * as handlers from "../leaks/handlers.ts";
import { leakOperations as operations } from "../leaks/operations.ts";

const platform = connectPlatform("api-keys-leaks");

export const handler = serve({ operations, handlers, platform, deps: leaksDeps(platform) });
