import * as z from "zod";
import { defineEvents } from "../../shared/change/events.ts";

export const executionEvents = defineEvents({
  "agent.executed": {
    summary: "An agent answered, or failed to.",
    resource: "agent",
    data: z.object({
      agent_id: z.string(),
      execution_id: z.string(),
      thread_id: z.string().nullable(),
      version: z.int().nullable(),
      outcome: z.enum(["succeeded", "failed", "timed_out"]),
      error_code: z.string().nullable(),
      model: z.string(),
      tried: z.array(z.object({ model: z.string(), code: z.string() })),
      tokens_in: z.int(),
      tokens_out: z.int(),
      cost_usd_micros: z.int(),
      price_version: z.string(),
      tool_calls: z.int(),
      duration_ms: z.int(),
      /** The span that it happened within, as its request said, and whether that is kept. */
      parent_span_id: z.string().nullable().default(null),
      trace_sampled: z.boolean().default(true),
    }),
  },
});
