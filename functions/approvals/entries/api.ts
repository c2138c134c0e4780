import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { approvalsDeps } from "../deps.ts";
import * as handlers from "../handlers.ts";
import { operations } from "../operations.ts";

const platform = connectPlatform("approvals");

export const handler = serve({ operations, handlers, platform, deps: approvalsDeps(platform) });
