import { apiFunction, defineRoom } from "../../shared/room.ts";

export const room = defineRoom({
  name: "auth",
  area: "identity",
  functions: {
    api: apiFunction(
      [
        "table_read",
        "seal:registrations",
        "seal:password_resets",
        "seal:pool_sessions",
        "open:pool_sessions",
        "identities",
      ],
      {
        writes: [
          "due",
          "email",
          "founder",
          "invitation",
          "known_place",
          "membership",
          "organization",
          "organization_slug",
          "owner_count",
          "password_reset",
          "pending_invitation",
          "pool_account",
          "quota",
          "registration",
          "session",
          "sign_in_attempts",
          "team",
          "team_member",
          "throttle_counter",
          "user",
          "user_organization",
          "user_teams",
          "workspace",
          "workspace_member",
        ],
      },
    ),
    mail: {
      trigger: {
        kind: "events",
        types: ["user.password_reset_requested", "registration.requested"],
        suspended: "goes_on",
      },
      needs: ["table_read", "open:registrations", "open:password_resets", "mail"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
    revoke: {
      trigger: {
        kind: "events",
        types: ["session.signed_out", "session.revoked", "session.refresh_reuse_detected"],
        suspended: "goes_on",
      },
      needs: ["table_read", "open:pool_sessions"],
      writes: ["session", "user"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
    pool: {
      trigger: { kind: "cognito", triggers: ["pre_sign_up", "pre_token_generation"] },
      needs: ["table_read"],
      timeout_seconds: 5,
      memory_mb: 256,
    },
  },
});
