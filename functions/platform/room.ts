import { apiFunction, defineRoom } from "../../shared/room.ts";

/** About the API itself: where things are, whether it is well, its reference. Also answers for unknown paths. */
export const room = defineRoom({
  name: "platform",
  area: "gateway",
  functions: {
    api: apiFunction(["table_read"]),
    docs: apiFunction(["table_read"]),
  },
});
