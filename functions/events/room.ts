import { defineRoom } from "../../shared/room.ts";

/** The way out of the outbox: table stream, relay, bus. */
export const room = defineRoom({
  name: "events",
  area: "insight",
  functions: {
    relay: { trigger: { kind: "inserts", of: "event" }, needs: ["bus"], timeout_seconds: 30, memory_mb: 256 },
  },
});
