import * as z from "zod";
import { asTraceId, type Trace } from "./context.ts";

/** What a thing keeps of the trace that it belongs to, beside the trace's id. What was kept before there was this has begun its own. */
export const keptTrace = {
  /** The span that it happens within. */
  parent_span_id: z.string().nullable().default(null),
  trace_sampled: z.boolean().default(true),
  trace_state: z.string().nullable().default(null),
} as const;

/** The same with the id. */
export interface KeptTrace {
  readonly trace_id: string;
  readonly parent_span_id: string | null;
  readonly trace_sampled: boolean;
  readonly trace_state: string | null;
}

/** A trace as it is kept. */
export const tracedBy = ({ trace_id, parent_span_id, sampled, state }: Trace): KeptTrace => ({
  trace_id,
  parent_span_id,
  trace_sampled: sampled,
  trace_state: state,
});

/** The trace that was kept. */
export const traceOf = ({ trace_id, parent_span_id, trace_sampled, trace_state }: KeptTrace): Trace => ({
  trace_id: asTraceId(trace_id),
  parent_span_id,
  sampled: trace_sampled,
  state: trace_state,
});
