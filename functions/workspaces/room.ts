import { apiFunction, defineRoom } from "../../shared/room.ts";

/** Lenses over agents, pipelines and work units, with people in them. */
export const room = defineRoom({
  name: "workspaces",
  area: "build",
  functions: {
    api: apiFunction(["table_write", "secrets"]),
    members: {
      trigger: { kind: "events", types: ["workspace.deleted"] },
      needs: ["table_write"],
      timeout_seconds: 60,
      memory_mb: 256,
    },
    expiry: {
      trigger: { kind: "rate", minutes: 5 },
      needs: ["table_write"],
      timeout_seconds: 60,
      memory_mb: 256,
    },
  },
});
