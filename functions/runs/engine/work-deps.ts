import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { Outbound } from "../../../shared/outbound/index.ts";
import type { AgentRunDeps } from "../../executions/public.ts";

/** What the work of nodes with effects outside needs. */
export interface WorkDeps extends AgentRunDeps {
  readonly blobs: Pick<Blobs, "load" | "store">;
  readonly outbound: Pick<Outbound, "request" | "fetch">;
}
