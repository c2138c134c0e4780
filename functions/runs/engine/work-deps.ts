import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { Outbound } from "../../../shared/outbound/index.ts";
import type { Connectors } from "../../connectors/public.ts";
import type { AgentRunDeps } from "../../executions/public.ts";
import type { Cassette } from "../trial/cassette.ts";

/** What the work of nodes with effects outside needs. */
export interface WorkDeps extends AgentRunDeps {
  readonly blobs: Pick<Blobs, "load" | "store">;
  readonly outbound: Pick<Outbound, "request" | "fetch">;
  readonly connectors: Pick<Connectors, "call">;
  /** Models that are reached another way than the usual one. */
  readonly invokerBy: (way: typeof globalThis.fetch) => AgentRunDeps["invoker"];
  /** What stands before the calls of a node in a test. */
  readonly between?: Cassette | undefined;
}
