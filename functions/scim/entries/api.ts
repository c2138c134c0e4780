import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import * as handlers from "../handlers.ts";
import { apiOperations as operations } from "../operations.ts";
import { tokensDeps } from "../tokens/deps.ts";

const platform = connectPlatform("scim");

export const handler = serve({ operations, handlers, platform, deps: tokensDeps(platform) });
