import { apiFunction, CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

export const room = defineRoom({
  name: "organizations",
  area: "identity",
  functions: {
    api: apiFunction(["table_read"], {
      writes: [
        "due",
        "founder",
        "membership",
        "organization",
        "organization_slug",
        "organization_term",
        "owner_count",
        "ownership_transfer",
        "quota",
        "user_organization",
        "workspace",
        "workspace_member",
      ],
    }),
    mail: {
      trigger: {
        kind: "events",
        types: ["organization.transfer_asked", "organization.ownership_transferred"],
        suspended: "drops",
      },
      needs: ["table_read", "mail"],
      timeout_seconds: 60,
      memory_mb: 256,
    },
    /** The end of a deleted organization that nobody has restored. */
    erasure: {
      trigger: {
        kind: "due",
        kinds: ["organization_erasure"],
        queue: "organization_erasures",
        suspended: "goes_on",
      },
      needs: [
        "table_read",
        "table_erase",
        "sign",
        "files_remove:runs",
        "files_remove:threads",
        "files_remove:uploads",
        "files_remove:versions",
      ],
      // Beside all that is the organization's own: what the platform has of it.
      writes: [
        ...CHANGE_WRITES,
        "claimed_domain",
        "due",
        "domain_owner",
        "erasure",
        "erasure_segment",
        "founder",
        "operator_access",
        "operator_access_place",
        "organization",
        "organization_slug",
        "organization_term",
        "sso_connection_place",
        "sso_sign_in",
        "user_identity",
        "user_organization",
      ],
      timeout_seconds: 300,
      memory_mb: 512,
    },
    expiry: {
      trigger: {
        kind: "due",
        kinds: ["ownership_transfer_expiry"],
        queue: "ownership_transfer_expiries",
        suspended: "goes_on",
      },
      needs: ["table_read"],
      writes: [...CHANGE_WRITES, "due", "ownership_transfer"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
  },
  queues: {
    organization_erasures: { visibility_seconds: visibilitySeconds(300), max_receives: MAX_RECEIVES },
    ownership_transfer_expiries: { visibility_seconds: visibilitySeconds(30), max_receives: MAX_RECEIVES },
  },
});
