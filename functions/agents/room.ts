import { apiFunction, defineRoom } from "../../shared/room.ts";

/** Agents: what they are, and their versions. */
export const room = defineRoom({
  name: "agents",
  area: "build",
  functions: {
    api: apiFunction([
      "table_write",
      "secrets",
      "files_write:versions",
      "files_write:uploads",
      "files_remove:uploads",
      "outbound",
    ]),
    contexts: {
      trigger: { kind: "events", types: ["agent.context_changed"] },
      needs: ["table_write", "secrets", "files_write:versions", "outbound"],
      timeout_seconds: 120,
      memory_mb: 512,
    },
  },
});
