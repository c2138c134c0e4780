import { connectLockedFiles } from "../../../shared/blobs/locked.ts";
import { readSettings } from "../../../shared/config/settings.ts";
import { serveStream } from "../../../shared/http/stream.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { connectKmsKey } from "../../../shared/signing/kms.ts";
import * as handlers from "../handlers.ts";
import { streamOperations as operations } from "../operations.ts";

const platform = connectPlatform("audit-stream");
const { HEADS_KEY_ARN } = readSettings(["HEADS_KEY_ARN"]);
const deps = { ...platform, key: connectKmsKey(HEADS_KEY_ARN), files: connectLockedFiles() };

export const handler = serveStream({ operations, handlers, platform, deps });
