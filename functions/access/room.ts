import { apiFunction, defineRoom } from "../../shared/room.ts";

/** What roles there are and what they grant. */
export const room = defineRoom({
  name: "access",
  area: "identity",
  functions: { api: apiFunction(["table_read"]) },
});
