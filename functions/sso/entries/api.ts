import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { connectionDeps } from "../connections/deps.ts";
import * as handlers from "../connections/handlers.ts";
import { apiOperations as operations } from "../operations.ts";

const platform = connectPlatform("sso");

export const handler = serve({ operations, handlers, platform, deps: connectionDeps(platform) });
