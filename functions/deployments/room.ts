import { apiFunction, CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

/** Its steps, each with up to two requests of half a minute. */
const WORK_SECONDS = 120;

/** What work at a deployment writes. An agent that is served knows by whom it is used. */
const WORKING = [
  "deployment",
  "deployment_log",
  "deployment_slot",
  "gateway_use",
  "agent",
  "agent_use",
  ...CHANGE_WRITES,
  "due",
] as const;
const working = {
  needs: ["table_read", "files_read:versions", "open:gateway_keys", "outbound"],
  writes: WORKING,
  timeout_seconds: WORK_SECONDS,
  memory_mb: 512,
  max_concurrency: 10,
} as const;

/** Versions of agents on gateways: how they get there, what is served, how they are taken away. */
export const room = defineRoom({
  name: "deployments",
  area: "serve",
  functions: {
    api: apiFunction(["table_read", "open:gateway_keys", "outbound"], {
      writes: ["deployment", "deployment_log", "deployment_slot", "gateway_use", "due", "quota"],
    }),
    /** Puts a deployment on its gateway as soon as it is made, or takes it away as soon as somebody wants it. */
    hear: {
      trigger: {
        kind: "events",
        types: ["deployment.created", "deployment.redeployed", "deployment.stopping"],
        suspended: "waits",
      },
      ...working,
      batch_size: 1,
    },
    /** The same of what could not be done at once, or by whoever has died at it; clears away what has been deleted. */
    work: {
      trigger: { kind: "due", kinds: ["deployment"], queue: "deployments", suspended: "waits" },
      ...working,
      batch_size: 1,
    },
  },
  queues: { deployments: { visibility_seconds: visibilitySeconds(WORK_SECONDS), max_receives: MAX_RECEIVES } },
});
