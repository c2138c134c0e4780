import {
  apiFunction,
  CHANGE_WRITES,
  defineRoom,
  MAX_RECEIVES,
  STREAM_TIMEOUT_SECONDS,
  visibilitySeconds,
} from "../../shared/room.ts";

/** Executions of pipelines and agents: started, walked, followed, stopped. */
export const room = defineRoom({
  name: "runs",
  area: "run",
  functions: {
    api: apiFunction(["table_read", "files_read:versions", "files_write:runs", "runs_start", "runs_control"], {
      memory_mb: 1024,
      writes: ["due", "quota", "run", "run_count", "run_log", "run_pending", "run_state", "run_value"],
    }),
    stream: {
      trigger: { kind: "stream" },
      needs: ["table_read"],
      writes: ["lease_count"],
      timeout_seconds: STREAM_TIMEOUT_SECONDS,
      memory_mb: 256,
      reserved_concurrency: 50,
    },
    /** The workflow's task: walks the graph and does the work of its nodes. A node may take 14 minutes. */
    run_node: {
      trigger: { kind: "task", suspended: "ends" },
      needs: [
        "table_read",
        "open:node_headers",
        "open:tool_headers",
        "open:model_keys",
        "files_read:versions",
        "files_write:runs",
        "models",
        "outbound",
      ],
      writes: [
        ...CHANGE_WRITES,
        "agent_tool_pins",
        "due",
        "node_turn",
        "quota",
        "run",
        "run_join",
        "run_log",
        "run_pending",
        "run_state",
        "run_step",
        "run_value",
        "model_answer",
        "token_budget",
        "usage_counter",
        "usage_record",
        "approval",
      ],
      timeout_seconds: 900,
      memory_mb: 1024,
      reserved_concurrency: 200,
    },
    launch: {
      trigger: { kind: "events", types: ["run.started"], suspended: "ends" },
      needs: ["table_read", "runs_start"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
    watch: {
      trigger: { kind: "due", kinds: ["run_watch", "run_wake"], queue: "run_watches", suspended: "goes_on" },
      needs: ["table_read", "runs_start", "runs_control"],
      writes: [...CHANGE_WRITES, "due", "quota", "run", "run_log", "run_pending", "run_state", "run_value"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
    /** Wakes what waits for others, once they have spoken. */
    wake: {
      trigger: {
        kind: "events",
        types: ["approval.approved", "approval.rejected", "approval.expired"],
        suspended: "goes_on",
      },
      needs: ["table_read", "runs_start"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
    status: {
      trigger: { kind: "run_status", suspended: "goes_on" },
      needs: ["table_read", "runs_control"],
      writes: [...CHANGE_WRITES, "due", "quota", "run", "run_log", "run_pending", "run_state", "run_value"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
    /** What still goes on in an organization that has just been suspended or deleted. */
    halt: {
      trigger: { kind: "events", types: ["organization.suspended", "organization.deleted"], suspended: "ends" },
      needs: ["table_read", "runs_control"],
      writes: [...CHANGE_WRITES, "due", "quota", "run", "run_log", "run_pending", "run_state", "run_value"],
      timeout_seconds: 300,
      memory_mb: 256,
    },
    clear: {
      trigger: { kind: "events", types: ["run.deleted"], suspended: "goes_on" },
      needs: ["table_read", "files_remove:runs"],
      writes: ["run_join", "run_log", "run_pending", "run_step", "run_value"],
      timeout_seconds: 300,
      memory_mb: 512,
    },
  },
  queues: { run_watches: { visibility_seconds: visibilitySeconds(30), max_receives: MAX_RECEIVES } },
});
