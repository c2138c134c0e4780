import { spanIdOf } from "../../../../shared/tracing/context.ts";
import type { InnerCall, SentRequest } from "../../../../shared/tracing/inner.ts";
import { traceOf } from "../../../../shared/tracing/kept.ts";
import type { Span } from "../../../../shared/tracing/otlp.ts";
import { providerOfClient, providerOfModel } from "../../../../shared/tracing/providers.ts";
import type { EndStatus, RunRecord, StepView, Totals } from "../../model.ts";
import { runSpanId, stepSpanId, type TracedRun } from "./ids.ts";

/** What the spans of a run are made from. */
export type SpannedRun = TracedRun &
  Pick<
    RunRecord,
    "kind" | "mode" | "status" | "pinned" | "labels" | "error" | "parent_run_id" | "created_at" | "finished_at"
  > & { readonly target_id: string };

/** The ends of a run that are failures. Whoever stops one has had what they want. */
const FAILED: readonly EndStatus[] = ["failed", "timed_out"];

/** The span of a run that has ended, from its request on; undefined while it goes on. */
export function runSpan(run: SpannedRun, totals: Totals, name: string | undefined): Span | undefined {
  const { id, kind, status, pinned, target_id, finished_at } = run;
  if (finished_at === null) return undefined;
  return {
    ...place(run, run.parent_span_id, runSpanId(id)),
    name: named("invoke_workflow", name),
    kind: "internal",
    started_at: run.created_at,
    finished_at,
    attributes: {
      "gen_ai.operation.name": "invoke_workflow",
      "gen_ai.workflow.name": name,
      "kaizen.run.id": id,
      "kaizen.run.kind": kind,
      "kaizen.run.mode": run.mode,
      "kaizen.run.status": status,
      "kaizen.run.labels": run.labels.length === 0 ? null : run.labels,
      "kaizen.parent_run.id": run.parent_run_id,
      "kaizen.pipeline.id": pinned.pipeline_id,
      "kaizen.pipeline.revision": pinned.revision,
      "kaizen.agent.id": kind === "agent" ? target_id : null,
      "kaizen.usage.input_tokens": totals.tokens_in,
      "kaizen.usage.output_tokens": totals.tokens_out,
      "kaizen.cost_usd_micros": totals.cost_usd_micros,
    },
    error: FAILED.some((failed) => failed === status) ? (run.error?.code ?? status) : undefined,
  };
}

/** The attempt itself, then what it called. */
export function stepSpans(run: TracedRun, step: StepView, spanned: SpannedStep): Span[] {
  const { agent, calls } = spanned;
  const own = stepSpan(run, step, spanned);
  return own === undefined ? [] : [own, ...calls.map((call) => callSpan(run, own.span_id, call, agent))];
}

/** What is kept of an attempt beside what is shown of it. */
export interface SpannedStep {
  readonly agent: { readonly id: string; readonly name: string; readonly version: number | null } | null;
  readonly calls: readonly InnerCall[];
  readonly sent: SentRequest | null;
}

/** One call to a model, or of a tool. */
function callSpan(run: TracedRun, parent: string, call: InnerCall, agent: SpannedStep["agent"]): Span {
  const { operation, name, provider, usage } = call;
  const { trace_id, sampled, state } = traceOf(run);
  return {
    ...{ trace_id, sampled, state, parent_span_id: parent },
    span_id: call.span_id ?? spanIdOf([parent, call.number]),
    name: `${operation} ${name}`,
    kind: operation === "chat" ? "client" : "internal",
    started_at: call.started_at,
    finished_at: call.finished_at,
    attributes: {
      "gen_ai.operation.name": operation,
      ...agentOf(agent),
      ...(operation === "chat"
        ? {
            "gen_ai.provider.name": provider === undefined ? null : providerOfClient(provider),
            "gen_ai.request.model": name,
            "server.address": call.sent?.address,
            "gen_ai.response.model": call.response_model,
            "gen_ai.usage.input_tokens": usage?.tokens_in,
            "gen_ai.usage.output_tokens": usage?.tokens_out,
            "gen_ai.usage.cache_read.input_tokens": usage?.tokens_cache_read,
            "gen_ai.usage.cache_creation.input_tokens": usage?.tokens_cache_write,
          }
        : { "gen_ai.tool.name": name }),
      "kaizen.run.id": run.id,
    },
    error: call.error,
  };
}

/** As the conventions for HTTP clients have it; addresses without their path, which may hold what is asked. */
const requestOf = (sent: SpannedStep["sent"]) => ({
  "http.request.method": sent?.method,
  "server.address": sent?.address,
  "http.response.status_code": sent?.status,
});

const agentOf = (agent: SpannedStep["agent"]) => ({
  "gen_ai.agent.id": agent?.id,
  "gen_ai.agent.name": agent?.name,
  "gen_ai.agent.version": agent?.version == null ? null : String(agent.version),
});

/** The span of an attempt that has ended; undefined of one that goes on, or that no branch reached. */
function stepSpan(run: TracedRun, step: StepView, { agent, calls, sent }: SpannedStep): Span | undefined {
  const { node_id, attempt, kind, status, started_at, finished_at, error } = step;
  if (started_at === null || finished_at === null || status === "skipped") return undefined;
  return {
    ...place(run, runSpanId(run.id), stepSpanId(run.id, node_id, attempt)),
    ...kindOf(step, agent),
    started_at,
    finished_at,
    attributes: {
      ...attributesOf(step, agent, calls),
      ...(step.kind === "http" ? requestOf(sent) : {}),
      "kaizen.run.id": run.id,
      "kaizen.node.id": node_id,
      "kaizen.node.kind": kind,
      "kaizen.step.attempt": attempt,
      "kaizen.step.status": status,
      "kaizen.step.waits_for": step.waits_for,
      "kaizen.approval.id": step.approval_id,
      "kaizen.recorded_run.id": step.recorded_run_id,
    },
    error: status === "failed" ? error?.code : undefined,
  };
}

function kindOf({ kind, node_id, model }: StepView, agent: SpannedStep["agent"]): Pick<Span, "name" | "kind"> {
  if (agent !== null || model !== null)
    return { name: named("invoke_agent", agent?.name ?? node_id), kind: "internal" };
  return { name: named(kind, node_id), kind: kind === "http" ? "client" : "internal" };
}

/** What GenAI conventions call it. */
function attributesOf(step: StepView, agent: SpannedStep["agent"], calls: SpannedStep["calls"]): Span["attributes"] {
  if (agent === null && step.model === null) return {};
  // The one that answered, by the name that its provider has for it.
  const asked = calls.findLast(({ operation }) => operation === "chat");
  const known = step.model === null ? null : providerOfModel(step.model);
  return {
    "gen_ai.operation.name": "invoke_agent",
    ...agentOf(agent),
    "gen_ai.provider.name": asked?.provider === undefined ? known : providerOfClient(asked.provider),
    "gen_ai.request.model": asked?.name,
    "kaizen.model.id": step.model,
    "gen_ai.usage.input_tokens": step.tokens_in,
    "gen_ai.usage.output_tokens": step.tokens_out,
    "kaizen.cost_usd_micros": step.cost_usd_micros,
  };
}

const named = (what: string, name: string | undefined): string => (name === undefined ? what : `${what} ${name}`);

function place(run: TracedRun, parent_span_id: string | null, span_id: string) {
  const { trace_id, sampled, state } = traceOf(run);
  return { trace_id, span_id, parent_span_id, sampled, state };
}
