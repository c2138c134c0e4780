import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import * as handlers from "../handlers.ts";
import { apiOperations } from "../operations.ts";

const platform = connectPlatform("platform");

export const handler = serve({ operations: apiOperations, handlers, platform, deps: {} });
