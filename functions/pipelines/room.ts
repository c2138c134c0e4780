import { ANSWERS, apiFunction, defineRoom } from "../../shared/room.ts";

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
          "graph_upload",
          "lease_count",
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
  },
});
