import { apiFunction, defineRoom } from "../../shared/room.ts";

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
        "quota",
        "user_organization",
        "workspace",
        "workspace_member",
      ],
    }),
  },
});
