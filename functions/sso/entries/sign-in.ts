import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { signInDeps } from "../flow/deps.ts";
import * as handlers from "../flow/handlers.ts";
import { signInOperations as operations } from "../flow/operations.ts";

const platform = connectPlatform("sso-sign-in");

export const handler = serve({ operations, handlers, platform, deps: signInDeps(platform) });
