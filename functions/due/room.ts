import { defineRoom } from "../../shared/room.ts";

/** What is done later, by whichever room: `shared/due` says how, this sends it when its time has come. */
export const room = defineRoom({
  name: "due",
  area: "insight",
  functions: {
    sweep: {
      trigger: { kind: "rate", minutes: 1 },
      needs: ["table_read", "due"],
      writes: ["due"],
      // The next round begins a minute after this one did.
      timeout_seconds: 58,
      memory_mb: 512,
    },
  },
});
