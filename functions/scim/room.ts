import { ANSWERS, apiFunction, CHANGE_WRITES, defineRoom } from "../../shared/room.ts";

/**
 * Companies' directories push people and groups by SCIM 2.0 (RFC 7643, 7644) at `/scim/v2`. Making tokens and being called
 * with one are functions apart: a directory makes no token.
 */
export const room = defineRoom({
  name: "scim",
  area: "federation",
  functions: {
    api: apiFunction(["table_read", ...ANSWERS], {
      writes: ["scim_settings", "scim_token"],
    }),
    directory: apiFunction(["table_read"], {
      writes: [
        "due",
        "email",
        "membership",
        "owner_count",
        "quota",
        "removal",
        "scim_count",
        "scim_external_id",
        "scim_group",
        "scim_list_place",
        "scim_user",
        "scim_user_name",
        "team",
        "team_member",
        "team_name",
        "team_tree",
        "user",
        "user_organization",
        "user_teams",
      ],
      touches: ["scim_token.last_used_at"],
    }),
    leavers: {
      trigger: { kind: "events", types: ["membership.removed"], suspended: "goes_on" },
      needs: ["table_read"],
      writes: ["scim_count", "scim_external_id", "scim_user", "scim_user_name"],
      timeout_seconds: 60,
      memory_mb: 256,
    },
    groups: {
      trigger: {
        kind: "events",
        types: ["team.deleted", "team.member_added", "team.member_removed", "team.updated"],
        suspended: "goes_on",
      },
      needs: ["table_read"],
      writes: [
        ...CHANGE_WRITES,
        "membership",
        "scim_count",
        "scim_external_id",
        "scim_group",
        "team_member",
        "team_tree",
        "user_teams",
      ],
      timeout_seconds: 120,
      memory_mb: 256,
    },
  },
});
