import { ANSWERS, apiFunction, CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

/**
 * Sign-in through the providers of companies. Managing connections and signing people in are functions apart: who can
 * change what the pool trusts opens no session, and who opens sessions changes nothing at the pool.
 */
export const room = defineRoom({
  name: "sso",
  area: "federation",
  functions: {
    api: apiFunction(["table_read", "identity_providers", "outbound", "seal:sso_secrets", "open:sso_secrets"], {
      writes: ["due", "quota", "sso_connection", "sso_connection_place"],
    }),
    sign_in: apiFunction(
      ["table_read", "hosted_sign_in", "everybodys_providers", "seal:pool_sessions", "open:pool_sessions"],
      {
        writes: [
          "due",
          "email",
          "invitation",
          "known_place",
          "membership",
          "owner_count",
          "pending_invitation",
          "platform_identity",
          "pool_account",
          "quota",
          "role_invitation",
          "session",
          "sso_identity",
          "sso_sign_in",
          "sso_sign_in_record",
          "team",
          "team_member",
          "user",
          "user_identity",
          "user_organization",
          "user_teams",
          "workspace",
          "workspace_member",
        ],
      },
    ),
    /** Who may come in how. It knows no provider's secret and touches nothing at the pool. */
    members: apiFunction(["table_read", "everybodys_providers", ...ANSWERS], {
      writes: [
        "organization",
        "platform_identity",
        "pool_account",
        "session",
        "sso_identity",
        "sso_sign_in",
        "user",
        "user_identity",
      ],
    }),
    mail: {
      trigger: {
        kind: "events",
        types: [
          "sso.certificate_expiring",
          "sso.enforced",
          "sso.enforcement_ended",
          "session.break_glass_used",
          "sso.identity_linked",
          "sso.identity_unlinked",
        ],
        suspended: "goes_on",
      },
      needs: ["table_read", "mail"],
      timeout_seconds: 60,
      memory_mb: 256,
    },
    repair: {
      trigger: { kind: "due", kinds: ["sso_connection"], queue: "sso_repairs", suspended: "goes_on" },
      needs: ["table_read", "identity_providers", "open:sso_secrets"],
      writes: [
        ...CHANGE_WRITES,
        "due",
        "pool_account",
        "quota",
        "session",
        "sso_connection",
        "sso_connection_place",
        "sso_identity",
        "user",
        "user_identity",
      ],
      timeout_seconds: 60,
      memory_mb: 256,
    },
    /** A certificate ends while the organization is suspended, too. */
    metadata: {
      trigger: { kind: "due", kinds: ["saml_provider"], queue: "saml_providers", suspended: "goes_on" },
      needs: ["table_read", "identity_providers", "outbound"],
      writes: [...CHANGE_WRITES, "due", "sso_connection"],
      timeout_seconds: 60,
      memory_mb: 256,
    },
    erasure: {
      trigger: { kind: "events", types: ["organization.erasure_begun"], suspended: "goes_on" },
      needs: ["table_read"],
      writes: ["due", "sso_connection", "sso_connection_place", "user"],
      timeout_seconds: 60,
      memory_mb: 256,
    },
  },
  queues: {
    sso_repairs: { visibility_seconds: visibilitySeconds(60), max_receives: MAX_RECEIVES },
    saml_providers: { visibility_seconds: visibilitySeconds(60), max_receives: MAX_RECEIVES },
  },
});
