import { apiFunction, defineRoom } from "../../shared/room.ts";

/** What those do who run the platform. */
export const room = defineRoom({
  name: "operators",
  area: "identity",
  functions: {
    api: apiFunction(["table_read"], {
      writes: ["claimed_domain", "domain", "domain_owner", "due", "organization", "organization_term", "quota"],
    }),
  },
});
