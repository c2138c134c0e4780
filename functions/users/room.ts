import { apiFunction, defineRoom } from "../../shared/room.ts";

/** The members of an organization, and everybody's own profile. */
export const room = defineRoom({
  name: "users",
  area: "people",
  functions: {
    api: apiFunction(["table_read"], {
      writes: ["due", "membership", "owner_count", "quota", "removal", "user", "user_organization"],
    }),
    finding: {
      trigger: {
        kind: "events",
        types: ["membership.added", "membership.removed", "user.updated", "user.email_changed"],
        suspended: "goes_on",
      },
      needs: ["table_read"],
      writes: ["member_term", "member_terms", "membership"],
      timeout_seconds: 60,
      memory_mb: 256,
    },
  },
});
