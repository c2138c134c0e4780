import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { telemetryDeps } from "../deps.ts";
import * as handlers from "../handlers.ts";
import { operations } from "../operations.ts";

const platform = connectPlatform("telemetry");

export const handler = serve({ operations, handlers, platform, deps: telemetryDeps(platform) });
