import { ANSWERS, apiFunction, CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

/** Keys by which programs call the API, within what their owners may. */
export const room = defineRoom({
  name: "api-keys",
  area: "govern",
  functions: {
    api: apiFunction(["table_read", "seal:api_key_pepper", ...ANSWERS], {
      writes: ["api_key", "api_key_pepper", "due", "quota", "service_account"],
    }),
    leaks: apiFunction(["table_read", "outbound"], { writes: ["api_key", "due", "quota"] }),
    due: {
      trigger: {
        kind: "due",
        kinds: ["api_key", "leaked_api_key", "orphaned_api_keys"],
        queue: "api_keys_due",
        suspended: "goes_on",
      },
      needs: ["table_read", "mail"],
      writes: [...CHANGE_WRITES, "api_key", "due", "quota"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
  },
  queues: { api_keys_due: { visibility_seconds: visibilitySeconds(30), max_receives: MAX_RECEIVES } },
});
