import { readSettings } from "../../../shared/config/settings.ts";
import { serve } from "../../../shared/http/serve.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { connectKmsKey } from "../../../shared/signing/kms.ts";
import * as handlers from "../handlers.ts";
import { apiOperations as operations } from "../operations.ts";

const platform = connectPlatform("audit");
const { HEADS_KEY_ARN } = readSettings(["HEADS_KEY_ARN"]);
const deps = { ...platform, key: connectKmsKey(HEADS_KEY_ARN) };

export const handler = serve({ operations, handlers, platform, deps });
