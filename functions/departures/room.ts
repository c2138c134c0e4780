import { CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

/** What becomes of what a member held who is gone. */
export const room = defineRoom({
  name: "departures",
  area: "people",
  functions: {
    departure: {
      trigger: { kind: "due", kinds: ["departure"], queue: "departures", suspended: "goes_on" },
      needs: ["table_read"],
      writes: [
        ...CHANGE_WRITES,
        "agent",
        "agent_thread",
        "api_key",
        "due",
        "invitation",
        "owned",
        "pending_invitation",
        "pipeline",
        "quota",
        "removal",
        "role_invitation",
        "schedule",
        "team",
        "team_member",
        "user_teams",
        "webhook",
        "workspace",
        "workspace_member",
      ],
      timeout_seconds: 120,
      memory_mb: 256,
    },
  },
  queues: { departures: { visibility_seconds: visibilitySeconds(120), max_receives: MAX_RECEIVES } },
});
