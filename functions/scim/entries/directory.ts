import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { directoryOperations as operations } from "../operations.ts";
import * as handlers from "../protocol/handlers.ts";
import { refuseInScim as refuse } from "../protocol/refusal.ts";

const platform = connectPlatform("scim-directory");

export const handler = serve({ operations, handlers, platform, deps: platform, refuse });
