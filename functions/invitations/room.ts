import { apiFunction, CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

/** How people who are not members yet are asked to become some. */
export const room = defineRoom({
  name: "invitations",
  area: "people",
  functions: {
    api: apiFunction(["table_read", "seal:invitations"], {
      writes: [
        "due",
        "invitation",
        "invitation_mails",
        "membership",
        "owner_count",
        "pending_invitation",
        "quota",
        "role_invitation",
        "team",
        "team_member",
        "user_organization",
        "user_teams",
        "workspace",
        "workspace_member",
      ],
    }),
    mail: {
      trigger: { kind: "events", types: ["invitation.created", "invitation.resent"], suspended: "drops" },
      needs: ["table_read", "open:invitations", "mail"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
    expiry: {
      trigger: { kind: "due", kinds: ["invitation_expiry"], queue: "invitation_expiries", suspended: "goes_on" },
      needs: ["table_read"],
      writes: [...CHANGE_WRITES, "due", "invitation", "pending_invitation", "quota", "role_invitation"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
  },
  queues: { invitation_expiries: { visibility_seconds: visibilitySeconds(30), max_receives: MAX_RECEIVES } },
});
