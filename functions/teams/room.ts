import { apiFunction, defineRoom } from "../../shared/room.ts";

/** Sets of people, one under another, to which grants can be given. */
export const room = defineRoom({
  name: "teams",
  area: "people",
  functions: {
    api: apiFunction(["table_read"], {
      writes: ["quota", "team", "team_member", "team_name", "team_tree", "user_teams"],
    }),
    members: {
      trigger: { kind: "events", types: ["team.deleted"], suspended: "goes_on" },
      needs: ["table_read"],
      writes: ["team_member", "team_tree", "user_teams"],
      timeout_seconds: 60,
      memory_mb: 256,
    },
  },
});
