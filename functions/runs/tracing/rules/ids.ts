import { spanIdOf, type Trace } from "../../../../shared/tracing/context.ts";
import { type KeptTrace, traceOf } from "../../../../shared/tracing/kept.ts";

/** A run, and what it keeps of the trace that it belongs to. */
export type TracedRun = KeptTrace & { readonly id: string };

/** The span of a run. */
export const runSpanId = (run_id: string): string => spanIdOf([run_id]);

/** The span of one attempt of a step: what is called for it has this one as its parent. */
export const stepSpanId = (run_id: string, node_id: string, attempt: number): string =>
  spanIdOf([run_id, node_id, attempt]);

/** Where a run stands that a step runs. */
export const traceWithin = (run: TracedRun, node_id: string, attempt: number): Trace => ({
  ...traceOf(run),
  parent_span_id: stepSpanId(run.id, node_id, attempt),
});
