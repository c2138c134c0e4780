import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { gatewayDeps } from "../deps.ts";
import * as handlers from "../handlers.ts";
import { operations } from "../operations.ts";

const platform = connectPlatform("gateways");

export const handler = serve({ operations, handlers, platform, deps: gatewayDeps(platform) });
