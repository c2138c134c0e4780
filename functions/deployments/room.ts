import { ANSWERS, apiFunction, CHANGE_WRITES, defineRoom, MAX_RECEIVES, visibilitySeconds } from "../../shared/room.ts";

/** Its steps, each with up to two requests of half a minute. */
const WORK_SECONDS = 120;

/** What work at a deployment writes. An agent that is served knows by whom it is used. */
const WORKING = [
  "deployment",
  "deployment_endpoint",
  "deployment_log",
  "deployment_slot",
  "gateway_use",
  "agent",
  "agent_use",
  ...CHANGE_WRITES,
  "due",
] as const;
const working = {
  needs: [
    "table_read",
    "files_read:versions",
    "open:gateway_keys",
    "outbound",
    // To the built-in data plane, and what goes there with an agent.
    "data_plane",
    "sign_deployments",
    "open:model_keys",
    "open:tool_headers",
  ],
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
    api: apiFunction(["table_read", "open:gateway_keys", "outbound", "data_plane", ...ANSWERS], {
      writes: ["deployment", "deployment_endpoint", "deployment_log", "deployment_slot", "gateway_use", "due", "quota"],
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
    /** Tells the data plane what becomes of an organization, and of a gateway. */
    follow: {
      trigger: {
        kind: "events",
        types: [
          "organization.suspended",
          "organization.restored",
          "organization.deleted",
          "organization.updated",
          "gateway.deleted",
        ],
        suspended: "goes_on",
      },
      needs: ["table_read", "open:gateway_keys", "outbound", "data_plane"],
      writes: ["deployment_endpoint", "due"],
      timeout_seconds: 60,
      memory_mb: 256,
      batch_size: 1,
    },
    /** The same of what could not be done at once, or by whoever has died at it; clears away what has been deleted. */
    work: {
      trigger: { kind: "due", kinds: ["deployment", "deployment_endpoint"], queue: "deployments", suspended: "waits" },
      ...working,
      batch_size: 1,
    },
  },
  queues: { deployments: { visibility_seconds: visibilitySeconds(WORK_SECONDS), max_receives: MAX_RECEIVES } },
});
