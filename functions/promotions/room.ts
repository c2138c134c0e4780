import { apiFunction, defineRoom } from "../../shared/room.ts";

/** What it takes to bring something from one environment to the next, and who has said so. */
export const room = defineRoom({
  name: "promotions",
  area: "serve",
  functions: {
    api: apiFunction(["table_read"], {
      writes: ["promotion", "promotion_approval", "promotion_open", "promotion_rule", "promotion_rule_way"],
    }),
  },
});
