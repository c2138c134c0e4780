import { apiFunction, defineRoom, MAX_RECEIVES, STREAM_TIMEOUT_SECONDS, visibilitySeconds } from "../../shared/room.ts";

/** Executions of pipelines and agents: started, walked, followed, stopped. */
export const room = defineRoom({
  name: "runs",
  area: "run",
  functions: {
    api: apiFunction(
      ["table_write", "secrets", "files_read:versions", "files_write:runs", "runs_start", "runs_control"],
      { memory_mb: 1024 },
    ),
    stream: {
      trigger: { kind: "stream" },
      needs: ["table_write", "secrets"],
      timeout_seconds: STREAM_TIMEOUT_SECONDS,
      memory_mb: 256,
      reserved_concurrency: 50,
    },
    /** The workflow's task: walks the graph and does the work of its nodes. A node may take 14 minutes. */
    run_node: {
      trigger: { kind: "task" },
      needs: ["table_write", "secrets", "files_read:versions", "files_write:runs", "models", "outbound"],
      timeout_seconds: 900,
      memory_mb: 1024,
      reserved_concurrency: 200,
    },
    launch: {
      trigger: { kind: "events", types: ["run.started"] },
      needs: ["table_read", "runs_start"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
    watch: {
      trigger: { kind: "due", kinds: ["run_watch"], queue: "run_watches" },
      needs: ["table_write", "runs_start", "runs_control"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
    status: {
      trigger: { kind: "run_status" },
      needs: ["table_write", "runs_control"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
    clear: {
      trigger: { kind: "events", types: ["run.deleted"] },
      needs: ["table_write", "files_remove:runs"],
      timeout_seconds: 300,
      memory_mb: 512,
    },
  },
  queues: { run_watches: { visibility_seconds: visibilitySeconds(30), max_receives: MAX_RECEIVES } },
});
