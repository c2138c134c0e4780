import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import * as enforcement from "../enforcement/handlers.ts";
import { memberOperations as operations } from "../operations.ts";

const platform = connectPlatform("sso-members");

export const handler = serve({ operations, handlers: { ...enforcement }, platform, deps: platform });
