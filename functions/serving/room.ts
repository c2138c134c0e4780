import { defineRoom } from "../../shared/room.ts";

/** The longest that a call is answered; a stream that goes on is paid for to its end. */
const DOOR_SECONDS = 330;

/**
 * The built-in data plane: it holds what was deployed to it and answers whoever has a key of it. It knows neither users nor roles, and
 * asks the management plane nothing.
 */
export const room = defineRoom({
  name: "serving",
  area: "plane",
  functions: {
    /** What the management plane says: take this, serve that, forget it. */
    deploy: {
      trigger: { kind: "invoked" },
      needs: ["table_read", "files_write:versions", "files_remove:versions", "deployments_key"],
      writes: ["served_agent", "served_endpoint", "served_key", "model_provider"],
      timeout_seconds: 25,
      memory_mb: 512,
    },
    /** Where calls come in. */
    door: {
      trigger: { kind: "door" },
      needs: ["table_read", "open:tool_headers", "open:model_keys", "files_read:versions", "deployments_key", "models"],
      writes: [
        "agent_tool_pins",
        "idempotency_key",
        "rate_counter",
        "served_call",
        "token_budget",
        "usage_counter",
        "usage_record",
      ],
      timeout_seconds: DOOR_SECONDS,
      memory_mb: 1_024,
    },
    /** Tells the management plane what was used, once each. */
    tell: {
      trigger: { kind: "inserts", of: "usage_record" },
      needs: ["data_plane_events"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
  },
});
