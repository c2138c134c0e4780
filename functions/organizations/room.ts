import { apiFunction, defineRoom } from "../../shared/room.ts";

export const room = defineRoom({
  name: "organizations",
  area: "identity",
  functions: { api: apiFunction(["table_read"], { writes: ["organization", "organization_slug"] }) },
});
