import { API_TIMEOUT_SECONDS, apiFunction, defineRoom } from "../../shared/room.ts";

/** Agents: what they are, their versions, and one answer at a time. */
export const room = defineRoom({
  name: "agents",
  functions: {
    api: apiFunction(["table_write", "secrets", "files_write", "outbound"]),
    execute: {
      entry: "api-execute",
      trigger: { kind: "api" },
      needs: ["table_write", "secrets", "files_read", "models"],
      timeout_seconds: API_TIMEOUT_SECONDS,
      memory_mb: 1_024,
    },
    stream: {
      entry: "api-stream",
      trigger: { kind: "stream" },
      needs: ["table_write", "secrets", "files_read", "models"],
      timeout_seconds: 330,
      memory_mb: 1_024,
    },
    contexts: {
      entry: "consume",
      trigger: { kind: "events", types: ["agent.context_changed"] },
      needs: ["table_write", "secrets", "files_write", "outbound"],
      timeout_seconds: 120,
      memory_mb: 512,
    },
  },
});
