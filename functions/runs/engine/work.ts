import type { TaskDeps } from "./task.ts";
import { workAgent } from "./work-agent.ts";
import type { WorkDeps } from "./work-deps.ts";
import { workHttp } from "./work-http.ts";

/** Work that the run's deadline cuts off ends just after it, so that the run is timed out and not failed by its step. */
const PAST_DEADLINE_MS = 100;

/** Does the work of the nodes that have effects outside. Failures are values. */
export const workerOf =
  (deps: WorkDeps): TaskDeps["worker"] =>
  (of) =>
  async ({ node, attempt, scope, left_ms }) => {
    const step = node.node;
    const within = (wanted_ms: number) => Math.min(wanted_ms, Math.ceil(left_ms) + PAST_DEADLINE_MS);
    switch (step?.kind) {
      case "agent":
        return workAgent({ ...of, step, node, attempt, scope, within }, deps);
      case "http":
        return workHttp({ ...of, step, scope, within }, deps);
      default:
        throw new Error(`${node.id} has no work outside`);
    }
  };
