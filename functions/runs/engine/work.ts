import { workCalls } from "../calls/work.ts";
import { workSupervisor } from "../supervising/work.ts";
import type { TaskDeps } from "./task.ts";
import { workAgent, workSummary } from "./work-agent.ts";
import { workApproval } from "./work-approval.ts";
import type { WorkDeps } from "./work-deps.ts";
import { workHttp } from "./work-http.ts";
import { workRouter } from "./work-router.ts";
import { workTool } from "./work-tool.ts";
import { workWait } from "./work-wait.ts";

/** Work that the run's deadline cuts off ends just after it, so that the run is timed out and not failed by its step. */
const PAST_DEADLINE_MS = 100;

/** Does the work of the nodes that have effects outside. Failures are values. */
export const workerOf =
  (deps: WorkDeps): TaskDeps["worker"] =>
  (of) =>
  async ({ node, attempt, scope, inputs, left_ms, wait }) => {
    const step = node.node;
    const within = (wanted_ms: number) => Math.min(wanted_ms, Math.ceil(left_ms) + PAST_DEADLINE_MS);
    const task = { ...of, node, attempt, scope, inputs, within };
    switch (step?.kind) {
      case "agent":
        return workAgent({ ...task, step }, deps);
      case "router":
        return workRouter({ ...task, step }, deps);
      case "merge":
      case "synthesizer":
        return workSummary({ ...task, step }, deps);
      case "wait":
        return workWait({ ...task, step }, { left_ms, wait }, deps);
      case "approval":
        return workApproval({ ...task, step }, wait, deps);
      case "sub_pipeline":
      case "map":
      case "loop":
        return workCalls({ ...task, step, left_ms }, wait, deps);
      case "supervisor":
        return workSupervisor({ ...task, step, left_ms }, wait, deps);
      case "tool":
        return workTool({ ...task, step }, deps);
      case "http":
        return workHttp({ ...task, step }, deps);
      default:
        throw new Error(`${node.id} has no work outside`);
    }
  };
