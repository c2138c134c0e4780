import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { streamDeps } from "../streams/deps.ts";
import * as handlers from "../streams/handlers.ts";
import { auditStreamOperations as operations } from "../streams/operations.ts";

const platform = connectPlatform("audit-streams");

export const handler = serve({ operations, handlers, platform, deps: { ...platform, ...streamDeps(platform) } });
