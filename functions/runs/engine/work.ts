import type { TaskDeps } from "./task.ts";
import { workAgent } from "./work-agent.ts";
import type { WorkDeps } from "./work-deps.ts";
import { workHttp } from "./work-http.ts";

/** Does the work of the nodes that have effects outside. Failures are values. */
export const workerOf =
  (deps: WorkDeps): TaskDeps["worker"] =>
  (of) =>
  async ({ node, attempt, scope }) => {
    const step = node.node;
    switch (step?.kind) {
      case "agent":
        return workAgent({ ...of, step, node, attempt, scope }, deps);
      case "http":
        return workHttp({ ...of, step, attempt, scope }, deps);
      default:
        throw new Error(`${node.id} has no work outside`);
    }
  };
