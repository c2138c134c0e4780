import { apiFunction, defineRoom } from "../../shared/room.ts";

export const room = defineRoom({
  name: "organizations",
  functions: { api: apiFunction(["table_write", "secrets"]) },
});
