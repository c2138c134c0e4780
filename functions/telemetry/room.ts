import { apiFunction, CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

/** What telling an organization's collector of a run writes: what has come of it, and when it is tried again. */
const TELLS = [...CHANGE_WRITES, "due", "trace_export", "trace_export_health"] as const;
/**
 * A run of 10,000 steps is twenty requests, and a thousand where each step has made fifty calls. As many as there is time for are
 * sent, the rest later: so each message has the function for itself.
 */
const TELLING_SECONDS = 120;

/** Runs and executions as spans, sent to where an organization keeps its traces. */
export const room = defineRoom({
  name: "telemetry",
  area: "govern",
  functions: {
    api: apiFunction(["table_read", "seal:trace_headers", "open:trace_headers", "outbound"], {
      writes: ["trace_export", "trace_export_health"],
    }),
    tell: {
      trigger: {
        kind: "events",
        types: ["run.completed", "run.failed", "run.stopped", "run.timed_out", "agent.executed"],
        suspended: "drops",
      },
      needs: ["table_read", "open:trace_headers", "outbound"],
      writes: TELLS,
      timeout_seconds: TELLING_SECONDS,
      batch_size: 1,
      memory_mb: 512,
      // A collector that answers slowly must not take all of the account's concurrency.
      max_concurrency: 20,
    },
    /** What a collector could not take. */
    again: {
      trigger: { kind: "due", kinds: ["trace_export"], queue: "trace_exports", suspended: "drops" },
      needs: ["table_read", "open:trace_headers", "outbound"],
      writes: TELLS,
      timeout_seconds: TELLING_SECONDS,
      batch_size: 1,
      memory_mb: 512,
      max_concurrency: 20,
    },
  },
  queues: { trace_exports: { visibility_seconds: visibilitySeconds(TELLING_SECONDS), max_receives: MAX_RECEIVES } },
});
