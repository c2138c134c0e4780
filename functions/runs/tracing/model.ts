import * as z from "zod";
import { idSchema } from "../../../shared/ids.ts";
import { innerCallSchema, sentRequestSchema } from "../../../shared/tracing/inner.ts";

/** An answer of Lambda takes 6 MB. A span is about a kilobyte and a half, more where names are long. */
export const MOST_SPANS = 3_000;
export const MOST_ANSWER_BYTES = 5_500_000;

/** What a run shows of the trace that it belongs to. */
export const traceFields = {
  trace_id: z.string().meta({
    description:
      "Of the trace that the request named in `traceparent`, or that began with it; the same in all that the run calls.",
    example: "4bf92f3577b34da6a3ce929d0e0e4736",
  }),
  parent_span_id: z.string().nullable().meta({
    description: "The span that the run is a child of: the one that `traceparent` named, or the step that runs it.",
    example: "00f067aa0ba902b7",
  }),
} as const;

export const spanIdField = z
  .string()
  .meta({ description: "Of the run itself within its trace.", example: "b7ad6b7169203331" });

/** What is kept of an attempt for its spans: which agent was asked, and the calls that were made. */
export const spannedFields = {
  agent: z
    .object({ id: idSchema("agent"), name: z.string(), version: z.int().nullable() })
    .nullable()
    .default(null),
  calls: z.array(innerCallSchema).default([]),
  /** Of a request that is the step itself. */
  sent: sentRequestSchema.nullable().default(null),
} as const;
