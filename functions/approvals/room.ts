import { apiFunction, CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

/** People who are asked before something goes on: who may decide, what they decide, what becomes of what nobody decides. */
export const room = defineRoom({
  name: "approvals",
  area: "govern",
  functions: {
    api: apiFunction(["table_read", "files_read:runs"], { writes: ["approval", "approval_link", "due", "quota"] }),
    /** Asks people, with a link by which they decide; who is asked too late finds it in the list. */
    mail: {
      trigger: {
        kind: "events",
        types: ["approval.requested", "approval.reminded", "approval.escalated"],
        suspended: "drops",
      },
      needs: ["table_read", "seal:approval_links", "open:approval_links", "mail"],
      writes: ["approval_link"],
      timeout_seconds: 60,
      memory_mb: 256,
    },
    /** What nobody has decided in time has expired, whatever has become of the organization. */
    due: {
      trigger: { kind: "due", kinds: ["approval_due"], queue: "approvals_due", suspended: "goes_on" },
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
      writes: [...CHANGE_WRITES, "approval", "approval_link", "due", "quota"],
      timeout_seconds: 60,
      memory_mb: 256,
    },
  },
  queues: { approvals_due: { visibility_seconds: visibilitySeconds(30), max_receives: MAX_RECEIVES } },
});
