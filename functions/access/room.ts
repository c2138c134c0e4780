import { apiFunction, CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

const ROLE = ["access_rules", "organization", "quota", "role", "role_name"];

/** What roles there are and what they grant, and who may do what by them. */
export const room = defineRoom({
  name: "access",
  area: "identity",
  functions: {
    api: apiFunction(["table_read"], { writes: [...ROLE, "due"] }),
    deletion: {
      trigger: { kind: "due", kinds: ["role_deletion"], queue: "role_deletions", suspended: "goes_on" },
      needs: ["table_read"],
      writes: [...CHANGE_WRITES, ...ROLE, "due", "membership"],
      timeout_seconds: 120,
      memory_mb: 256,
    },
  },
  queues: { role_deletions: { visibility_seconds: visibilitySeconds(120), max_receives: MAX_RECEIVES } },
});
