import type { Handler } from "../../../shared/http/call.ts";
import type { RunReads } from "../deps.ts";
import { afterSequence, stepOf } from "../log/views.ts";
import { runLogItem, runStepItem } from "../store.ts";
import type { readingOperations } from "./operations.ts";

export { compare } from "../comparison/handlers.ts";
export { list } from "../search/handlers.ts";
export { drawTimeline, timeline } from "../timeline/handlers.ts";
export { trace } from "../tracing/handlers.ts";
export { getOutput, getStepOutput } from "./output.ts";

type Ops = typeof readingOperations;

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
