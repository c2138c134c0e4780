import { commitChange } from "../../shared/change/commit.ts";
import { timestamp } from "../../shared/clock.ts";
import { toProblem } from "../../shared/http/answer.ts";
import type { Handler } from "../../shared/http/call.ts";
import { held } from "../../shared/http/heartbeat.ts";
import type { ServerSentEvent } from "../../shared/http/operation.ts";
import { leased, takeLease } from "../../shared/limits/leases.ts";
import { withinSpan } from "../../shared/outbound/trace.ts";
import { circuitFacts } from "../models/circuits/public.ts";
import type { ExecuteDeps } from "./deps.ts";
import {
  type ExecuteCall,
  executionOf,
  failExecution,
  keepExecution,
  type Prepared,
  prepareExecution,
} from "./direct/execution.ts";
import type { operations } from "./operations.ts";
import { type AgentDelta, type AgentRunResult, runAgent } from "./run/agent.ts";
import { Deltas } from "./run/deltas.ts";
import { executionSpanId } from "./tracing/span.ts";

type Ops = typeof operations;

/** The gateway waits 29 seconds; the rest is for what comes before and after the model. */
const EXECUTE_TIMEOUT_MS = 25_000;
/**
 * A stream has no gateway in front of it, and an answer that is being made cannot be resumed: it is held for as long as
 * the answer takes, within this. On AWS nobody tells the function that its reader has left; the answer is then made to
 * its end, recorded and paid for.
 */
const STREAM_TIMEOUT_MS = 300_000;

const runOf = ({ body, caller, context }: ExecuteCall, { execution_id, held }: Prepared, timeout_ms: number) => ({
  input: body.message ?? "",
  prompt: body.prompt,
  history: body.conversation_history,
  remembered: held?.remembered,
  variables: body.variables,
  idempotency_key: execution_id,
  max_steps: body.limits.steps,
  max_cost_usd_micros: body.limits.cost_usd_micros,
  timeout_ms: Math.min(timeout_ms, (body.limits.seconds ?? Number.POSITIVE_INFINITY) * 1_000),
  meter: {
    plan: caller.organization.plan,
    actor: context.actor,
    work: { kind: "execute", id: execution_id },
    // No answers are kept: a request that failed is not taken up again, the next one is another execution.
    run_id: null,
    circuits: circuitFacts(caller.organization),
  } as const,
});

/** What the agent calls continues the trace of the request, within the execution: that is one span, and has none of its calls. */
const traced = <T>({ trace }: ExecuteCall, { execution_id }: Prepared, work: () => T): T =>
  withinSpan(trace, executionSpanId(execution_id), work, 0);

export const execute: Handler<Ops["execute"], ExecuteDeps> = async (call, deps) => {
  const prepared = await prepareExecution(call, deps, EXECUTE_TIMEOUT_MS);
  return holding(prepared, async () => {
    const spent = deps.clock.now().getTime() - call.at.getTime();
    const result = await traced(call, prepared, () =>
      runAgent(prepared.snapshot, runOf(call, prepared, EXECUTE_TIMEOUT_MS - spent), deps),
    );
    if (!result.ok) throw await failExecution(prepared, result, call, deps);
    const answer = executionOf(prepared, result, call.at);
    return keepExecution(call, prepared, result, deps, (change) => call.commit(change, answer));
  });
};

/** Lets go of the thread when nothing came of it; what is not let go of here runs out by itself. */
async function holding<T>({ held }: Prepared, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    await held?.release().catch(() => undefined);
    throw error;
  }
}

/** What can be refused is refused before the stream begins, with a status of its own. */
export const executeStream: Handler<Ops["executeStream"], ExecuteDeps> = async (call, deps) => {
  const { id, plan } = call.caller.organization;
  const prepared = await prepareExecution(call, deps, STREAM_TIMEOUT_MS);
  const seconds = STREAM_TIMEOUT_MS / 1_000;
  const lease = await holding(prepared, () =>
    takeLease(deps.table.of(id), plan, "streams", seconds, () => deps.clock.now()),
  );
  return leased(
    lease,
    held(call, (ended) => events(call, prepared, deps, ended)),
    deps.log,
  );
};

async function* events(
  call: Parameters<typeof executeStream>[0],
  prepared: Prepared,
  deps: ExecuteDeps,
  ended: AbortSignal,
): AsyncGenerator<ServerSentEvent> {
  const { execution_id, held, snapshot } = prepared;
  const thread_id = held?.thread.id ?? null;
  const { agent_id, version, definition } = snapshot;
  const common = { execution_id, thread_id };
  yield {
    event: "start",
    data: { type: "start", ...common, agent_id, version, model: definition.model_id, created_at: timestamp(call.at) },
  };
  const deltas = new Deltas();
  ended.addEventListener("abort", () => deltas.abandon());
  // Recorded by itself, not by the reader: what was used is paid for, also when nobody reads the end.
  const run = { ...runOf(call, prepared, STREAM_TIMEOUT_MS), signal: deltas.signal };
  const ending = holding(prepared, async () =>
    recorded(
      call,
      prepared,
      await traced(call, prepared, () => runAgent(snapshot, { ...run, on_delta: (delta) => deltas.push(delta) }, deps)),
      deps,
    ),
  )
    .catch((error: unknown) => {
      const { code, detail } = toProblem(error);
      return { event: "error", data: { type: "error", ...common, code, message: detail } };
    })
    .finally(() => deltas.end());
  try {
    for await (const delta of deltas) yield eventOf(delta, thread_id);
    yield await ending;
  } finally {
    deltas.abandon();
    await ending;
  }
}

/** Records a run that has ended and gives its last event: `done` leaves only after the usage is recorded. */
async function recorded(
  call: Parameters<typeof executeStream>[0],
  prepared: Prepared,
  result: AgentRunResult,
  deps: ExecuteDeps,
): Promise<ServerSentEvent> {
  if (!result.ok) throw await failExecution(prepared, result, call, deps);
  await keepExecution(call, prepared, result, deps, (change) => commitChange(deps.table, call.context, change));
  return { event: "done", data: { type: "done", ...executionOf(prepared, result, call.at) } };
}

const eventOf = (delta: AgentDelta, thread_id: string | null): ServerSentEvent =>
  delta.type === "text"
    ? { event: "content", data: { type: "content", content: delta.text, thread_id } }
    : { event: delta.type, data: { ...delta, thread_id } };
