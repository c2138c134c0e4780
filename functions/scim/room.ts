import { ANSWERS, apiFunction, defineRoom } from "../../shared/room.ts";

/**
 * Companies' directories push people and groups by SCIM 2.0 (RFC 7643, 7644) at `/scim/v2`. Making tokens and being called
 * with one are functions apart: a directory makes no token.
 */
export const room = defineRoom({
  name: "scim",
  area: "people",
  functions: {
    api: apiFunction(["table_read", ...ANSWERS], { writes: ["scim_token"] }),
    directory: apiFunction(["table_read"], { touches: ["scim_token.last_used_at"] }),
  },
});
