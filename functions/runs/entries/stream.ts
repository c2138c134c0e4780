import { serveStream } from "../../../shared/http/stream.ts";
import { connectPlatform } from "../../../shared/runtime.ts";
import { events } from "../log/follow.ts";
import { streamOperations } from "../log/operations.ts";

const platform = connectPlatform("runs-stream");

export const handler = serveStream({
  operations: streamOperations,
  handlers: { events },
  platform,
  deps: platform,
});
