import { apiFunction, defineRoom } from "../../shared/room.ts";

/** Agents and pipelines as documents: out of one organization, into another. */
export const room = defineRoom({
  name: "exchange",
  area: "build",
  functions: {
    api: apiFunction(
      ["table_read", "seal:tool_headers", "seal:node_headers", "open:node_headers", "files_write:versions", "outbound"],
      {
        memory_mb: 1024,
        writes: [
          "agent",
          "agent_context",
          "agent_name",
          "agent_tool",
          "agent_workspace",
          "owned",
          "pipeline",
          "pipeline_layout",
          "pipeline_name_claim",
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
