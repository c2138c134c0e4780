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
  queues: { ownership_transfer_expiries: { visibility_seconds: visibilitySeconds(30), max_receives: MAX_RECEIVES } },
});
