import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { apiKeysDeps } from "../deps.ts";
import * as handlers from "../handlers.ts";
import { apiOperations as operations } from "../operations.ts";

const platform = connectPlatform("api-keys");

export const handler = serve({ operations, handlers, platform, deps: apiKeysDeps(platform) });
