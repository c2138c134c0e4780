import { apiFunction, defineRoom } from "../../shared/room.ts";

export const room = defineRoom({
  name: "auth",
  area: "identity",
  functions: {
    api: apiFunction(["table_write", "secrets", "identities"]),
    mail: {
      trigger: { kind: "events", types: ["user.password_reset_requested", "registration.requested"] },
      needs: ["table_read", "secrets", "mail"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
    revoke: {
      trigger: {
        kind: "events",
        types: ["session.signed_out", "session.revoked", "session.refresh_reuse_detected"],
      },
      needs: ["table_write", "secrets"],
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
