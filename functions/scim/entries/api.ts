import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { apiOperations as operations } from "../operations.ts";
import { tokensDeps } from "../tokens/deps.ts";
import * as handlers from "../tokens/handlers.ts";

const platform = connectPlatform("scim");

export const handler = serve({ operations, handlers, platform, deps: tokensDeps(platform) });
