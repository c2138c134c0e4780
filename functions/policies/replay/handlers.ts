import type { Handler } from "../../../shared/http/call.ts";
import type { PolicyDeps } from "../deps.ts";
import type { replayOperations } from "./operations.ts";

/** What it takes is loaded when somebody replays. */
export const replay: Handler<(typeof replayOperations)["replay"], PolicyDeps> = async (call, deps) =>
  (await import("./lazy/replay.ts")).replay(call, deps);
