import { apiFunction, defineRoom } from "../../shared/room.ts";

/** What the organization has decided about access beside roles: conditions under which something is allowed or denied. */
export const room = defineRoom({
  name: "policies",
  area: "govern",
  functions: {
    api: apiFunction(["table_read"], {
      writes: ["access_rules", "organization", "policy", "policy_version", "quota"],
    }),
  },
});
