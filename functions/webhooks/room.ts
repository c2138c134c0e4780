import { ANSWERS, apiFunction, CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

/** What is signed and sent to customers' addresses when something happens. */
export const room = defineRoom({
  name: "webhooks",
  area: "insight",
  functions: {
    api: apiFunction(["table_read", ...ANSWERS, "seal:webhook_secrets", "outbound"], {
      writes: [
        "due",
        "owned",
        "quota",
        "webhook",
        "webhook_delivery",
        "webhook_health",
        "webhook_replay",
        "webhook_subscription",
      ],
    }),
    fan_out: {
      trigger: { kind: "events", types: "all", suspended: "goes_on" },
      needs: ["table_read", "send:webhook_attempts"],
      writes: ["due", "webhook_delivery"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
    follow: {
      trigger: {
        kind: "events",
        types: ["webhook.test_sent", "webhook.delivery_replayed", "webhook.replay_requested", "webhook.deleted"],
        suspended: "goes_on",
      },
      needs: ["send:webhook_attempts", "send:webhook_jobs"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
    /** What was held back while the organization was suspended or deleted. */
    resume: {
      trigger: { kind: "events", types: ["organization.restored"], suspended: "waits" },
      needs: ["table_read", "send:webhook_attempts"],
      timeout_seconds: 300,
      memory_mb: 256,
    },
    notice: {
      trigger: { kind: "events", types: ["webhook.auto_disabled"], suspended: "goes_on" },
      needs: ["table_read", "mail"],
      timeout_seconds: 30,
      memory_mb: 256,
    },
    attempt: {
      trigger: { kind: "due", kinds: ["webhook_delivery"], queue: "webhook_attempts", suspended: "waits" },
      needs: ["table_read", "open:webhook_secrets", "outbound", "send:webhook_attempts"],
      writes: [...CHANGE_WRITES, "due", "webhook", "webhook_attempt", "webhook_delivery", "webhook_health"],
      timeout_seconds: 30,
      memory_mb: 512,
      // Slow receivers hold a function for up to 10 s; they must not take all of the account's concurrency.
      max_concurrency: 50,
    },
    jobs: {
      trigger: { kind: "queue", queue: "webhook_jobs", suspended: "goes_on" },
      needs: ["table_read", "send:webhook_attempts", "send:webhook_jobs"],
      writes: ["due", "webhook_attempt", "webhook_delivery", "webhook_replay"],
      timeout_seconds: 60,
      memory_mb: 256,
    },
  },
  queues: {
    webhook_attempts: { visibility_seconds: visibilitySeconds(30), max_receives: MAX_RECEIVES },
    webhook_jobs: { visibility_seconds: visibilitySeconds(60), max_receives: MAX_RECEIVES },
  },
});
