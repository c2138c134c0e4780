import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { deploymentDeps } from "../deps.ts";
import * as handlers from "../handlers.ts";
import { operations } from "../operations.ts";

const platform = connectPlatform("deployments");

export const handler = serve({ operations, handlers, platform, deps: deploymentDeps(platform) });
