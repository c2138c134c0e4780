import { apiFunction, CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

/** What is written where a run is started. */
const STARTS = [
  "due",
  "quota",
  "run",
  "run_budget",
  "run_count",
  "run_label",
  "run_lane",
  "run_queue",
  "run_log",
  "run_state",
  "run_value",
  "schedule",
  "schedule_firing",
  "schedule_state",
];

/** What starts runs by itself: at times, once, by events. */
export const room = defineRoom({
  name: "schedules",
  area: "insight",
  functions: {
    api: apiFunction(["table_read", "files_read:versions", "files_write:runs"], {
      writes: [...STARTS, "owned", "schedule_input", "schedule_listener"],
    }),
    due: {
      trigger: { kind: "due", kinds: ["schedule"], queue: "schedules_due", suspended: "waits" },
      needs: ["table_read", "files_read:versions", "files_write:runs"],
      writes: [...CHANGE_WRITES, ...STARTS],
      timeout_seconds: 30,
      memory_mb: 512,
    },
    listen: {
      trigger: { kind: "events", types: "all", suspended: "drops" },
      needs: ["table_read", "files_read:versions", "files_write:runs"],
      writes: [...CHANGE_WRITES, ...STARTS, "schedule_chain"],
      timeout_seconds: 30,
      memory_mb: 512,
    },
    clear: {
      trigger: { kind: "events", types: ["schedule.deleted"], suspended: "goes_on" },
      needs: ["table_read"],
      writes: ["schedule_firing"],
      timeout_seconds: 300,
      memory_mb: 256,
    },
  },
  queues: { schedules_due: { visibility_seconds: visibilitySeconds(30), max_receives: MAX_RECEIVES } },
});
