import { withinSpan } from "../../../shared/outbound/trace.ts";
import { traceOf } from "../../../shared/tracing/kept.ts";
import { workCalls } from "../calls/work.ts";
import { stepSpanId } from "../tracing/rules/ids.ts";
import type { TaskDeps } from "./task.ts";
import type { Work } from "./walk.ts";
import { workApproval } from "./work-approval.ts";
import { workConnector } from "./work-connector.ts";
import type { WorkDeps } from "./work-deps.ts";
import { workHttp } from "./work-http.ts";
import { workWait } from "./work-wait.ts";

/** Work that the run's deadline cuts off ends just after it, so that the run is timed out and not failed by its step. */
const PAST_DEADLINE_MS = 100;

/** Does the work of the nodes that have effects outside. Failures are values. */
export const workerOf =
  (deps: WorkDeps): TaskDeps["worker"] =>
  (of) =>
  (task) =>
    withinSpan(traceOf(of.run), stepSpanId(of.run.id, task.node.id, task.attempt), async ({ calls, sent }) => {
      try {
        return await (of.run.test === null ? workOf(of, task, deps) : (await trying()).tried(of, task, deps, workOf));
      } finally {
        of.store.mark(task.node, task.attempt, { calls: [...calls], sent: sent.last ?? null });
      }
    });

/** Loaded with the first node that asks a model, and with the first run of a test. */
const asking = () => import("./asking.ts");
const trying = () => import("../trial/trying.ts");

type Of = Parameters<TaskDeps["worker"]>[0];
type Task = Parameters<Work>[0];

async function workOf(of: Of, { node, attempt, scope, inputs, left_ms, wait }: Task, deps: WorkDeps) {
  const step = node.node;
  const within = (wanted_ms: number) => Math.min(wanted_ms, Math.ceil(left_ms) + PAST_DEADLINE_MS);
  const task = { ...of, node, attempt, scope, inputs, within };
  switch (step?.kind) {
    case "agent":
      return (await asking()).workAgent({ ...task, step }, deps);
    case "router":
      return (await asking()).workRouter({ ...task, step }, deps);
    case "merge":
    case "synthesizer":
      return (await asking()).workSummary({ ...task, step }, deps);
    case "wait":
      return workWait({ ...task, step }, { left_ms, wait }, deps);
    case "approval":
      return workApproval({ ...task, step }, wait, deps);
    case "sub_pipeline":
    case "map":
    case "loop":
      return workCalls({ ...task, step, left_ms }, wait, deps);
    case "supervisor":
      return (await asking()).workSupervisor({ ...task, step, left_ms }, wait, deps);
    case "tool":
      return (await asking()).workTool({ ...task, step }, deps);
    case "connector":
      return workConnector({ ...task, step }, deps);
    case "http":
      return workHttp({ ...task, step }, deps);
    default:
      throw new Error(`${node.id} has no work outside`);
  }
}
