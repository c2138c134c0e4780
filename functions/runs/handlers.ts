import { notFound } from "../../shared/errors.ts";
import type { Handler } from "../../shared/http/call.ts";
import { readBudget } from "../usage/public.ts";
import { ending, fromNewest } from "./control/ending.ts";
import { runDeleted, runRemoval } from "./control/removing.ts";
import { endWaiting } from "./control/stopping.ts";
import type { RunDeps } from "./deps.ts";
import { isLive, runStates, summaryOf } from "./model.ts";
import type { apiOperations } from "./operations.ts";
import { queueOf } from "./queue/position.ts";
import { loadedValue } from "./store.ts";

export { setLabels } from "./labels/handlers.ts";
export { rerun, retry, startAgent, startPipeline } from "./start/handlers.ts";

type Ops = typeof apiOperations;

export const get: Handler<Ops["get"], RunDeps> = async (call, { table, blobs }) => {
  const { run, state, ...values } = await call.load();
  const own = table.of(call.context.tenant);
  const [input, output, budget, queue] = await Promise.all([
    loadedValue(blobs, values.input),
    loadedValue(blobs, values.output),
    readBudget(own, run),
    queueOf(own, run, state),
  ]);
  return { ...summaryOf(run, state), budget, queue, input, output: output ?? null };
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
    return call.commit({ writes, events }, { ...summaryOf(run, state), budget, queue: null, input, output: null });
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
