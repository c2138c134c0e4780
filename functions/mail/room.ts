import { defineRoom } from "../../shared/room.ts";

/** What becomes of mails after they were sent. */
export const room = defineRoom({
  name: "mail",
  area: "people",
  functions: {
    undelivered: {
      trigger: { kind: "mail_status" },
      needs: [],
      writes: ["mail_undeliverable"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
  },
});
