import { apiFunction, defineRoom } from "../../shared/room.ts";

/** The members of an organization, and everybody's own profile. */
export const room = defineRoom({
  name: "users",
  area: "identity",
  functions: {
    api: apiFunction(["table_read"], {
      writes: ["due", "membership", "owner_count", "quota", "removal", "user", "user_organization"],
    }),
  },
});
