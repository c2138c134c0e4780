import { apiFunction, CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

/** What those do who run the platform. */
export const room = defineRoom({
  name: "operators",
  area: "identity",
  functions: {
    api: apiFunction(["table_read"], {
      writes: [
        "claimed_domain",
        "domain",
        "domain_owner",
        "due",
        "operator_access",
        "operator_access_place",
        "organization",
        "organization_term",
        "quota",
      ],
    }),
    mail: {
      trigger: {
        kind: "events",
        types: [
          "operator_access.asked",
          "operator_access.approved",
          "operator_access.used",
          "operator_access.revoked",
          "operator_access.expired",
          "operator_access.ended",
        ],
        suspended: "goes_on",
      },
      needs: ["table_read", "mail"],
      timeout_seconds: 60,
      memory_mb: 256,
    },
    access_end: {
      trigger: {
        kind: "due",
        kinds: ["operator_access_end"],
        queue: "operator_access_ends",
        suspended: "goes_on",
      },
      needs: ["table_read"],
      writes: [...CHANGE_WRITES, "due", "operator_access"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
  },
  queues: { operator_access_ends: { visibility_seconds: visibilitySeconds(30), max_receives: MAX_RECEIVES } },
});
