import { notFound } from "../../shared/errors.ts";
import type { Handler } from "../../shared/http/call.ts";
import { readBudget } from "../usage/public.ts";
import { ending, fromNewest } from "./control/ending.ts";
import { runDeleted, runRemoval } from "./control/removing.ts";
import { endWaiting } from "./control/stopping.ts";
import type { RunDeps, RunReads } from "./deps.ts";
import { afterSequence, stepOf } from "./log/views.ts";
import { isLive, runStates, summaryOf } from "./model.ts";
import type { operations } from "./operations.ts";
import { loadedValue, runItem, runLogItem, runStateItem, runStepItem } from "./store.ts";

export { compare } from "./comparison/handlers.ts";
export { events } from "./log/follow.ts";
export { rerun, retry, startAgent, startPipeline } from "./start/handlers.ts";
export { drawTimeline, timeline } from "./timeline/handlers.ts";

type Ops = typeof operations;

export const list: Handler<Ops["list"], RunReads> = async ({ query, caller }, deps) => {
  const table = deps.table.of(caller.organization.id);
  const { pipeline_id, agent_id, status, parent_run_id, limit, cursor } = query;
  const target_id = pipeline_id ?? agent_id;
  const listed = "outermost";
  const by =
    target_id !== undefined
      ? ({ index: "gsi2", of: { target_id, listed } } as const)
      : parent_run_id !== undefined
        ? ({ index: "gsi4", of: { parent_run_id } } as const)
        : status !== undefined
          ? ({ index: "gsi3", of: { status } } as const)
          : ({ index: "gsi1", of: { listed } } as const);
  const page = await table.page(runItem, { ...by, limit, cursor, newest_first: true });
  const states = await deps.table.batch(page.items.map(({ id }) => table.read(runStateItem, { run_id: id })));
  const items = page.items.flatMap((run, i) => {
    const state = states[i];
    return state === undefined ? [] : [summaryOf(run, state)];
  });
  return { items, next_cursor: page.next_cursor };
};

export const get: Handler<Ops["get"], RunReads> = async (call, { table, blobs }) => {
  const { run, state, ...values } = await call.load();
  const [input, output, budget] = await Promise.all([
    loadedValue(blobs, values.input),
    loadedValue(blobs, values.output),
    readBudget(table.of(call.context.tenant), run),
  ]);
  return { ...summaryOf(run, state), budget, input, output: output ?? null };
};

export const listSteps: Handler<Ops["listSteps"], RunReads> = async (call, deps) => {
  const { path, query } = call;
  const { run } = await call.load();
  const { node_id, limit, cursor } = query;
  const of = node_id === undefined ? { run_id: path.run_id } : { run_id: path.run_id, node_id };
  const page = await deps.table.of(call.context.tenant).page(runStepItem, { of, limit, cursor });
  return { items: page.items.map((step) => stepOf(step, run)), next_cursor: page.next_cursor };
};

export const getStep: Handler<Ops["getStep"], RunReads> = async (call, deps) => {
  const { run, step } = await call.load();
  return stepOf(step, run, step.output === null ? undefined : await deps.blobs.load(step.output));
};

export const listLogs: Handler<Ops["listLogs"], RunReads> = async (call, deps) => {
  const { path, query } = call;
  await call.load();
  const { after, limit, cursor } = query;
  return deps.table.of(call.context.tenant).page(runLogItem, { ...afterSequence(path.run_id, after), limit, cursor });
};

/** The end of the run is decided by its state: a step that commits at the same moment comes before it or is kept aside. */
export const stop: Handler<Ops["stop"], RunDeps> = async (call, deps) => {
  const table = deps.table.of(call.context.tenant);
  const found = await call.load();
  const [input, budget] = await Promise.all([loadedValue(deps.blobs, found.input), readBudget(table, found.run)]);
  const answer = await fromNewest(table, found.run.id, async (state) => {
    if (state === undefined) throw notFound();
    if (!isLive(state.status)) throw runStates.refusal(state.status, "stopped");
    const { writes, events, run } = ending(table, found.run, state, call.at, { status: "stopped" });
    return call.commit({ writes, events }, { ...summaryOf(run, state), budget, input, output: null });
  });
  await endWaiting(table, found.run.id, deps);
  return answer;
};

/** The run is gone with this transaction; what belongs to it is cleared away by the consumer of `run.deleted`. */
export const remove: Handler<Ops["remove"], RunDeps> = async (call, deps) => {
  const { run } = await call.load();
  const table = deps.table.of(call.context.tenant);
  return call.commit({ writes: runRemoval(table, run), events: [runDeleted(run)] }, undefined);
};
