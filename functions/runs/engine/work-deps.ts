import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { Outbound } from "../../../shared/outbound/index.ts";
import type { AgentRunDeps, Between } from "../../executions/public.ts";

/** What the work of nodes with effects outside needs. */
export interface WorkDeps extends AgentRunDeps {
  readonly blobs: Pick<Blobs, "load" | "store">;
  readonly outbound: Pick<Outbound, "request" | "fetch">;
  /** Models that are reached another way than the usual one. */
  readonly invokerBy: (way: typeof globalThis.fetch) => AgentRunDeps["invoker"];
  /** What stands before an agent's calls in a test. */
  readonly between?: Between | undefined;
}
