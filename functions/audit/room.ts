import { apiFunction, defineRoom } from "../../shared/room.ts";

/** Who did what, when, from where and with which outcome: to search, and to take along as a file. */
export const room = defineRoom({
  name: "audit",
  area: "govern",
  functions: {
    api: apiFunction(["table_read"]),
    stream: {
      trigger: { kind: "stream" },
      needs: ["table_read"],
      writes: ["lease_count"],
      timeout_seconds: 900,
      memory_mb: 512,
      reserved_concurrency: 10,
    },
  },
});
