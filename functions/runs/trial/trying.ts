import type { TaskDeps } from "../engine/task.ts";
import type { Work } from "../engine/walk.ts";
import type { WorkDeps } from "../engine/work-deps.ts";
import type { Fault } from "../model.ts";
import { Cassette, CassetteMiss } from "./cassette.ts";
import { faultAt, faultyConnector, faultyFetch, faultyRequest } from "./rules/faults.ts";

type Of = Parameters<TaskDeps["worker"]>[0];
type Task = Parameters<Work>[0];
type WorkOf = (of: Of, task: Task, deps: WorkDeps) => ReturnType<Work>;

/** A node's work in a test: with what it is made to meet in place of an answer, or under its cassette. */
export async function tried(of: Of, task: Task, deps: WorkDeps, workOf: WorkOf): ReturnType<Work> {
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

/** A request, a tool, or a connector meets the fault itself, every other node by the model that it asks. */
const faulty = (kind: string | undefined, fault: Fault["kind"], deps: WorkDeps): WorkDeps =>
  kind === "connector"
    ? { ...deps, connectors: { call: faultyConnector(fault) } }
    : kind === "http" || kind === "tool"
      ? { ...deps, outbound: { request: faultyRequest(fault), fetch: faultyFetch(fault) } }
      : { ...deps, invoker: deps.invokerBy(faultyFetch(fault)) };
