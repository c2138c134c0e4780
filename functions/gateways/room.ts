import { apiFunction, CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

/** What a check writes. */
const CHECKING = ["gateway", "gateway_check", "gateway_health"] as const;
/** Two requests of up to ten seconds, and what they come to. */
const CHECK_SECONDS = 30;

/** Servers on which agents and pipelines are to be deployed: which there are, and how they are. */
export const room = defineRoom({
  name: "gateways",
  area: "serve",
  functions: {
    api: apiFunction(["table_read", "seal:gateway_keys", "open:gateway_keys", "outbound", "data_plane"], {
      writes: [...CHECKING, "gateway_use", "due", "quota"],
    }),
    /** Asks active gateways how they are, forgets keys, and clears away what those that were deleted have left. */
    checks: {
      trigger: {
        kind: "due",
        kinds: ["gateway_check", "gateway_key"],
        queue: "gateway_checks",
        suspended: "waits",
      },
      needs: ["table_read", "open:gateway_keys", "outbound", "data_plane"],
      writes: [...CHECKING, ...CHANGE_WRITES, "due"],
      timeout_seconds: CHECK_SECONDS,
      memory_mb: 512,
      // Ten gateways each: slow ones must not take all of the account's concurrency.
      max_concurrency: 20,
    },
  },
  queues: { gateway_checks: { visibility_seconds: visibilitySeconds(CHECK_SECONDS), max_receives: MAX_RECEIVES } },
});
