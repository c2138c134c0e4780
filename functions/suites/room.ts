import { apiFunction, CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

/** What works at jobs starts runs, and stops them. */
const WORKS = ["table_read", "files_read:versions", "files_write:runs", "runs_control"] as const;
const STOPS = ["due", "quota", "run", "run_lane", "run_log", "run_pending", "run_queue", "run_state", "run_value"];
const STARTS = [...STOPS, "run_budget", "run_count", "run_label"];
const JOBS = ["suite_pass_rate", "suite_result", "suite_run", "suite_run_link", "suite_run_open", "suite_run_state"];

/** Test cases of pipelines and agents, which run as jobs with a report. */
export const room = defineRoom({
  name: "suites",
  area: "govern",
  functions: {
    api: apiFunction(["table_read", "files_write:versions", "files_remove:versions", "files_write:runs"], {
      memory_mb: 1024,
      writes: ["due", "quota", "suite", "suite_case", "suite_run", "suite_run_plan", "suite_run_state"],
    }),
    /** Begins the cases of jobs, and hears how their runs end. */
    work: {
      trigger: {
        kind: "events",
        types: [
          "suite.run_started",
          "suite.run_cancelled",
          "run.completed",
          "run.failed",
          "run.stopped",
          "run.timed_out",
        ],
        suspended: "ends",
      },
      needs: WORKS,
      writes: [...CHANGE_WRITES, ...STARTS, ...JOBS],
      timeout_seconds: 120,
      memory_mb: 1024,
    },
    due: {
      trigger: { kind: "due", kinds: ["suite_run"], queue: "suite_runs", suspended: "ends" },
      needs: WORKS,
      writes: [...CHANGE_WRITES, ...STARTS, ...JOBS],
      timeout_seconds: 120,
      memory_mb: 1024,
    },
    clear: {
      trigger: {
        kind: "events",
        types: ["suite.deleted", "suite.case_deleted", "pipeline.purged", "agent.purged"],
        suspended: "goes_on",
      },
      needs: ["table_read", "files_read:runs", "files_remove:runs", "files_remove:versions", "runs_control"],
      writes: [...CHANGE_WRITES, ...STOPS, ...JOBS, "suite", "suite_case", "suite_run_plan"],
      timeout_seconds: 300,
      memory_mb: 512,
    },
  },
  queues: { suite_runs: { visibility_seconds: visibilitySeconds(120), max_receives: MAX_RECEIVES } },
});
