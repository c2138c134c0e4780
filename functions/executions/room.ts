import { API_TIMEOUT_SECONDS, defineRoom } from "../../shared/room.ts";

const RUNS_AGENTS = [
  "table_read",
  "open:tool_headers",
  "open:model_keys",
  "files_read:versions",
  "files_write:threads",
  "models",
] as const;
const WRITES = [
  "agent_thread",
  "agent_thread_turn",
  "agent_tool_pins",
  "lease_count",
  "model_answer",
  "model_circuit",
  "token_budget",
  "usage_counter",
  "usage_record",
] as const;

/** Agents at work: one answer at a time, whole or while it is made. */
export const room = defineRoom({
  name: "executions",
  area: "run",
  functions: {
    api: {
      trigger: { kind: "api" },
      needs: RUNS_AGENTS,
      writes: WRITES,
      touches: ["organization.open_circuits"],
      timeout_seconds: API_TIMEOUT_SECONDS,
      memory_mb: 1_024,
    },
    stream: {
      trigger: { kind: "stream" },
      needs: RUNS_AGENTS,
      writes: WRITES,
      touches: ["organization.open_circuits"],
      timeout_seconds: 330,
      memory_mb: 1_024,
      reserved_concurrency: 50,
    },
  },
});
