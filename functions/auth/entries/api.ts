import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { kmsKeysAtStart } from "../../../shared/secrets/at-start.ts";
import { authDeps } from "../deps.ts";
import * as handlers from "../handlers.ts";
import { operations } from "../operations.ts";

const platform = connectPlatform("auth", kmsKeysAtStart);

export const handler = serve({ operations, handlers, platform, deps: authDeps(platform) });
