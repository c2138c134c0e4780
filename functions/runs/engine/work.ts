import { workCalls } from "../calls/work.ts";
import type { Fault } from "../model.ts";
import { workSupervisor } from "../supervising/work.ts";
import { Cassette, CassetteMiss } from "../trial/cassette.ts";
import { faultAt, faultyFetch, faultyRequest } from "../trial/rules/faults.ts";
import type { TaskDeps } from "./task.ts";
import type { Work } from "./walk.ts";
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
  async (task) =>
    of.run.test === null ? workOf(of, task, deps) : tried(of, task, deps);

type Of = Parameters<TaskDeps["worker"]>[0];
type Task = Parameters<Work>[0];

async function workOf(of: Of, { node, attempt, scope, inputs, left_ms, wait }: Task, deps: WorkDeps) {
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
}

/** The same in a test: with what it is made to meet in place of an answer, or under its cassette. */
async function tried(of: Of, task: Task, deps: WorkDeps): ReturnType<Work> {
  const { run, store, table } = of;
  const { node, attempt } = task;
  const fault = faultAt(run.test, node.id, attempt);
  if (fault !== undefined) {
    store.mark(node, attempt, { fault });
    return workOf(of, task, faulty(node.node?.kind, fault, deps));
  }
  if (run.test?.cassette == null) return workOf(of, task, deps);
  const cassette = new Cassette({ table, blobs: deps.blobs }, run, node.id, attempt);
  const result = await workOf(of, task, { ...deps, between: cassette }).catch((error: unknown) => {
    if (!(error instanceof CassetteMiss)) throw error;
    return undefined;
  });
  store.mark(node, attempt, { replayed_calls: cassette.replayed });
  if (result !== undefined && cassette.missed === undefined) return result;
  const message = cassette.missed?.detail ?? "The cassette has no answer.";
  return { ok: false, error: { code: "cassette_miss", message }, retryable: false };
}

/** A request, or a tool, meets the fault itself, every other node by the model that it asks. */
const faulty = (kind: string | undefined, fault: Fault["kind"], deps: WorkDeps): WorkDeps =>
  kind === "http" || kind === "tool"
    ? { ...deps, outbound: { request: faultyRequest(fault), fetch: faultyFetch(fault) } }
    : { ...deps, invoker: deps.invokerBy(faultyFetch(fault)) };
