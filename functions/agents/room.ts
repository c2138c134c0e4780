import { ANSWERS, apiFunction, CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

/** Agents: what they are, and their versions. */
export const room = defineRoom({
  name: "agents",
  area: "build",
  functions: {
    api: apiFunction(
      [
        "table_read",
        ...ANSWERS,
        "seal:tool_headers",
        "open:tool_headers",
        "files_write:versions",
        "files_write:uploads",
        "files_remove:uploads",
        "files_read:threads",
        "outbound",
      ],
      {
        writes: [
          "agent",
          "agent_context",
          "agent_name",
          "agent_tool",
          "agent_thread",
          "agent_tool_pins",
          "agent_version",
          "agent_workspace",
          "due",
          "lease_count",
          "owned",
          "quota",
          "workspace",
          "workspace_resource",
        ],
      },
    ),
    contexts: {
      trigger: { kind: "events", types: ["agent.context_changed"], suspended: "ends" },
      needs: ["table_read", "files_write:versions", "outbound"],
      writes: [...CHANGE_WRITES, "agent", "agent_context"],
      timeout_seconds: 120,
      memory_mb: 512,
    },
    purge: {
      trigger: { kind: "due", kinds: ["agent_purge", "thread_erasure"], queue: "agent_purges", suspended: "waits" },
      needs: ["table_read", "files_remove:threads", "files_remove:versions"],
      writes: [
        ...CHANGE_WRITES,
        "agent",
        "agent_context",
        "agent_thread",
        "agent_thread_turn",
        "agent_tool",
        "agent_tool_pins",
        "agent_version",
        "agent_workspace",
        "due",
        "owned",
        "workspace",
        "workspace_resource",
      ],
      timeout_seconds: 300,
      memory_mb: 512,
    },
  },
  queues: { agent_purges: { visibility_seconds: visibilitySeconds(300), max_receives: MAX_RECEIVES } },
});
