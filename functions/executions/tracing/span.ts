import type { Envelope } from "../../../shared/change/events.ts";
import { addSeconds, timestamp } from "../../../shared/clock.ts";
import { asTraceId, spanIdOf } from "../../../shared/tracing/context.ts";
import type { Span } from "../../../shared/tracing/otlp.ts";
import { providerOfModel } from "../../../shared/tracing/providers.ts";
import { executionEvents } from "../events.ts";

/** The span of an execution: what it calls is within it. */
export const executionSpanId = (execution_id: string): string => spanIdOf([execution_id]);

/** An execution of an agent as its event tells of it. */
export function executionSpan({ occurred_at, trace_id, data }: Envelope): Span {
  const told = executionEvents["agent.executed"].data.parse(data);
  return {
    trace_id: asTraceId(trace_id),
    span_id: executionSpanId(told.execution_id),
    parent_span_id: told.parent_span_id,
    sampled: told.trace_sampled,
    state: null,
    name: "invoke_agent",
    kind: "internal",
    started_at: occurred_at,
    finished_at: timestamp(addSeconds(new Date(occurred_at), told.duration_ms / 1_000)),
    attributes: {
      "gen_ai.operation.name": "invoke_agent",
      "gen_ai.agent.id": told.agent_id,
      "gen_ai.agent.version": told.version === null ? null : String(told.version),
      "gen_ai.conversation.id": told.thread_id,
      "gen_ai.provider.name": providerOfModel(told.model),
      "kaizen.model.id": told.model,
      "gen_ai.usage.input_tokens": told.tokens_in,
      "gen_ai.usage.output_tokens": told.tokens_out,
      "kaizen.execution.id": told.execution_id,
      "kaizen.cost_usd_micros": told.cost_usd_micros,
      "kaizen.tool_calls": told.tool_calls,
    },
    error: told.outcome === "succeeded" ? undefined : (told.error_code ?? told.outcome),
  };
}
