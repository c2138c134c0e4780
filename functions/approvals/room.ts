import { apiFunction, CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

/** People who are asked before something goes on: who may decide, what they decide, what becomes of what nobody decides. */
export const room = defineRoom({
  name: "approvals",
  area: "govern",
  functions: {
    api: apiFunction(["table_read", "files_read:runs"], { writes: ["approval", "due", "quota"] }),
    /** What nobody has decided in time has expired, whatever has become of the organization. */
    expiry: {
      trigger: { kind: "due", kinds: ["approval_expiry"], queue: "approval_expiries", suspended: "goes_on" },
      needs: ["table_read"],
      writes: [...CHANGE_WRITES, "approval", "due", "quota"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
    /** Follows the runs that ask. */
    runs: {
      trigger: {
        kind: "events",
        types: ["run.completed", "run.failed", "run.stopped", "run.timed_out", "run.deleted"],
        suspended: "goes_on",
      },
      needs: ["table_read"],
      writes: [...CHANGE_WRITES, "approval", "due", "quota"],
      timeout_seconds: 60,
      memory_mb: 256,
    },
  },
  queues: { approval_expiries: { visibility_seconds: visibilitySeconds(30), max_receives: MAX_RECEIVES } },
});
