import { apiFunction, defineRoom } from "../../shared/room.ts";

/** The test panel: agents, pipelines and single nodes, tried with an input. What it starts are runs in mode test. */
export const room = defineRoom({
  name: "panel",
  area: "run",
  functions: {
    api: apiFunction(
      ["table_read", "seal:node_headers", "open:node_headers", "files_read:versions", "files_write:runs", "runs_start"],
      {
        memory_mb: 1024,
        writes: [
          "due",
          "lease_count",
          "quota",
          "run",
          "run_count",
          "run_label",
          "run_lane",
          "run_log",
          "run_queue",
          "run_state",
          "run_value",
        ],
        // Each waits for the end of a run.
        reserved_concurrency: 50,
      },
    ),
  },
});
