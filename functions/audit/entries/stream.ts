import { serveStream } from "../../../shared/http/stream.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import * as handlers from "../handlers.ts";
import { streamOperations as operations } from "../operations.ts";

const platform = connectPlatform("audit-stream");

export const handler = serveStream({ operations, handlers, platform, deps: platform });
