import { ANSWERS, apiFunction, CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

/** Graphs of agents: drawn, checked, kept as immutable revisions, activated. */
export const room = defineRoom({
  name: "pipelines",
  area: "build",
  functions: {
    api: apiFunction(
      [
        "table_read",
        ...ANSWERS,
        "seal:node_headers",
        "open:node_headers",
        "files_write:versions",
        "files_write:uploads",
        "files_remove:uploads",
      ],
      {
        memory_mb: 1024,
        writes: [
          "agent",
          "agent_use",
          "due",
          "graph_upload",
          "lease_count",
          "owned",
          "pipeline",
          "pipeline_layout",
          "pipeline_revision",
          "pipeline_workspace",
          "quota",
          "workspace",
          "workspace_resource",
        ],
      },
    ),
    purge: {
      trigger: { kind: "due", kinds: ["pipeline_purge"], queue: "pipeline_purges", suspended: "waits" },
      needs: ["table_read", "files_remove:versions"],
      writes: [
        ...CHANGE_WRITES,
        "due",
        "graph_upload",
        "owned",
        "pipeline",
        "pipeline_layout",
        "pipeline_revision",
        "pipeline_workspace",
        "workspace",
        "workspace_resource",
      ],
      timeout_seconds: 300,
      memory_mb: 512,
    },
  },
  queues: { pipeline_purges: { visibility_seconds: visibilitySeconds(300), max_receives: MAX_RECEIVES } },
});
