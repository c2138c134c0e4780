import { apiFunction, CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

/** Lenses over agents, pipelines and work units, with people in them. */
export const room = defineRoom({
  name: "workspaces",
  area: "build",
  functions: {
    api: apiFunction(["table_read"], { writes: ["due", "quota", "workspace", "workspace_member"] }),
    members: {
      trigger: { kind: "events", types: ["workspace.deleted"], suspended: "goes_on" },
      needs: ["table_read"],
      writes: ["workspace_member"],
      timeout_seconds: 60,
      memory_mb: 256,
    },
    expiry: {
      trigger: { kind: "due", kinds: ["workspace_expiry"], queue: "workspace_expiries", suspended: "goes_on" },
      needs: ["table_read"],
      writes: [...CHANGE_WRITES, "due", "workspace"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
  },
  queues: { workspace_expiries: { visibility_seconds: visibilitySeconds(30), max_receives: MAX_RECEIVES } },
});
