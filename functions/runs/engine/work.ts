import type { Outbound } from "../../../shared/outbound/index.ts";
import type { AgentRunDeps } from "../../agents/public.ts";
import type { TaskDeps } from "./task.ts";
import { workAgent } from "./work-agent.ts";
import { workHttp } from "./work-http.ts";

export interface WorkDeps extends AgentRunDeps {
  readonly outbound: Pick<Outbound, "request" | "fetch">;
}

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
