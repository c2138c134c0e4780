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
      // Four hops, a document of 50 MB, and the minute that reading it may take.
      timeout_seconds: 240,
      // As much as its sibling that reads uploads: what is behind an address may be the same file.
      batch_size: 1,
      memory_mb: 1_769,
    },
    extract: {
      trigger: { kind: "events", types: ["agent.context_uploaded"], suspended: "ends" },
      needs: ["table_read", "files_write:versions", "files_read:uploads", "files_remove:uploads"],
      writes: [...CHANGE_WRITES, "agent", "agent_context"],
      timeout_seconds: 120,
      // One file at a time, which may fill the memory; as much as gives a whole processor.
      batch_size: 1,
      memory_mb: 1_769,
      max_concurrency: 10,
      reserved_concurrency: 10,
    },
    /** Gets vectors for the texts of agents whose contexts are searched: one agent at a time, which may take its time. */
    index_contexts: {
      trigger: {
        kind: "events",
        types: [
          "agent.context_changed",
          "agent.created",
          "agent.updated",
          "agent.version_created",
          "agent.index_requested",
        ],
        suspended: "drops",
      },
      needs: ["table_read", "open:model_keys", "files_write:versions", "files_remove:versions", "models"],
      writes: [...CHANGE_WRITES, "agent_index", "token_budget", "usage_counter", "usage_record"],
      timeout_seconds: 900,
      batch_size: 1,
      memory_mb: 1_024,
      max_concurrency: 10,
    },
    /** What comes due: agents and threads that are erased, contexts that nobody came to. */
    purge: {
      trigger: {
        kind: "due",
        kinds: ["agent_purge", "context_overdue", "thread_erasure"],
        queue: "agent_purges",
        suspended: "waits",
      },
      needs: ["table_read", "files_remove:threads", "files_remove:versions"],
      writes: [
        ...CHANGE_WRITES,
        "agent",
        "agent_context",
        "agent_index",
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
