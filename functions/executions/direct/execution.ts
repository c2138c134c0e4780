import { principalKey } from "../../../shared/access/principal.ts";
import { type ChangeSet, commitChange } from "../../../shared/change/commit.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Call } from "../../../shared/http/call.ts";
import { newId } from "../../../shared/ids.ts";
import { agentStates, isUsable, USABLE_AGENT } from "../../agents/model.ts";
import type { AgentSnapshot } from "../../agents/public.ts";
import { type HeldThread, holdThread, loadSnapshot, ThreadLost, workingContent } from "../../agents/public.ts";
import { admitTokens } from "../../usage/public.ts";
import type { ExecuteDeps } from "../deps.ts";
import { executionEvents } from "../events.ts";
import type { Execution, operations } from "../operations.ts";
import type { AgentRunResult } from "../run/agent.ts";
import { problemOf } from "../run/problem.ts";

type Ops = typeof operations;
/** A thread is held longer than the answer may take, for what comes before and after it. */
const HELD_LONGER_SECONDS = 30;

export type ExecuteCall = Call<Ops["execute"]> | Call<Ops["executeStream"]>;

/** One execution before it begins: admitted, with what it will run. */
export interface Prepared {
  readonly execution_id: string;
  /** Where the message and its answer are kept; held until then. */
  readonly held: HeldThread | undefined;
  readonly snapshot: AgentSnapshot;
  readonly name: string;
}

/**
 * Admits an execution, loads what it runs (a version, or the working copy), and last takes the thread in which it answers.
 * @throws Problem `not_found`, `conflict` for an archived agent or a thread that is busy or full, `quota_exceeded`,
 * `reference_not_found`
 */
export async function prepareExecution(call: ExecuteCall, deps: ExecuteDeps, timeout_ms: number): Promise<Prepared> {
  const { body, caller, at } = call;
  const { tenant } = call.context;
  const [whole] = await Promise.all([call.load(), admitTokens(deps.table.of(tenant), caller.organization.plan, at)]);
  const { agent } = whole;
  if (!isUsable(agent)) throw agentStates.refusal(agent.status, USABLE_AGENT);
  const hold = (thread_id: string) =>
    holdThread({
      table: deps.table.of(tenant),
      blobs: deps.blobs,
      thread_id,
      agent_id: agent.id,
      owner_key: principalKey(caller.principal),
      execution_id,
      at,
      seconds: Math.ceil(timeout_ms / 1_000) + HELD_LONGER_SECONDS,
    });
  const snapshot =
    body.version === undefined
      ? { ...(await workingContent(deps, whole)), organization_id: tenant, agent_id: agent.id, version: null }
      : await loadVersion(deps, tenant, agent.id, body.version);
  const execution_id = newId("execution", at);
  const held = body.thread_id === undefined ? undefined : await hold(body.thread_id);
  return { execution_id, held, snapshot, name: agent.name };
}

async function loadVersion(
  deps: ExecuteDeps,
  tenant: string,
  agent_id: string,
  version: number,
): Promise<AgentSnapshot> {
  try {
    return await loadSnapshot(deps.table, deps.blobs, tenant, agent_id, version);
  } catch (error) {
    if (!(error instanceof Problem) || error.code !== "not_found") throw error;
    throw new Problem("reference_not_found", `The agent has no version ${version}.`, {
      issues: [{ path: "version", message: "is no version of this agent" }],
    });
  }
}

/** The event of an execution that has ended, whichever way; its calls were recorded as they ended. */
export function executionChange(
  prepared: Prepared,
  result: AgentRunResult,
  { context, trace }: Pick<ExecuteCall, "context" | "trace">,
  deps: ExecuteDeps,
): { writes: readonly Write[]; events: [EventDraft] } {
  const { execution_id, snapshot, name, held } = prepared;
  const { agent_id, version } = snapshot;
  const { model, usage, cost_usd_micros, price_version } = result;
  const code = result.ok ? null : result.error.code;
  const outcome = result.ok ? "succeeded" : code === "model_timeout" ? "timed_out" : "failed";
  const event = draft(
    executionEvents,
    "agent.executed",
    { id: agent_id, name },
    {
      agent_id,
      execution_id,
      thread_id: held?.thread.id ?? null,
      version,
      outcome,
      error_code: code,
      model,
      tried: result.tried.map(({ model: failed, code: why }) => ({ model: failed, code: why })),
      ...usage,
      cost_usd_micros,
      price_version,
      tool_calls: result.tool_calls.length,
      duration_ms: deps.clock.now().getTime() - context.at.getTime(),
      parent_span_id: trace.parent_span_id,
      trace_sampled: trace.sampled,
    },
    { outcome, ...(result.ok ? {} : { reason: result.error.code }) },
  );
  return { writes: result.unrecorded, events: [event] };
}

/**
 * Commits an execution that succeeded, with its turn where it answers in a thread. An answer that the thread does not take any
 * more is recorded, and the caller is told: it has been made and paid for.
 * @param commit with the execution's change
 * @throws Problem `conflict` where the thread was deleted or has gone on meanwhile
 */
export async function keepExecution<T>(
  call: ExecuteCall,
  prepared: Prepared,
  result: AgentRunResult & { readonly ok: true },
  deps: ExecuteDeps,
  commit: (change: ChangeSet) => Promise<T>,
): Promise<T> {
  const { held, snapshot } = prepared;
  const change = executionChange(prepared, result, call, deps);
  if (held === undefined) return commit(change);
  const { version } = snapshot;
  const { content: answer, model } = result;
  let kept = false;
  try {
    const turn = await held.keep({ message: call.body.message ?? "", answer, version, model, at: deps.clock.now() });
    kept = true;
    return await commit({ ...change, writes: [...change.writes, ...turn] });
  } catch (error) {
    if (!kept || error instanceof ThreadLost) await commitChange(deps.table, call.context, change);
    throw error;
  }
}

/**
 * Records a failed execution and turns its failure into the refusal that the caller sees. One whose first call found no
 * tokens left has not begun, like any request that is refused.
 */
export async function failExecution(
  prepared: Prepared,
  result: AgentRunResult & { readonly ok: false },
  call: Pick<ExecuteCall, "context" | "trace">,
  deps: ExecuteDeps,
): Promise<Problem> {
  const refused = result.error.refusal !== undefined && result.model_calls === 0;
  if (!refused) await commitChange(deps.table, call.context, executionChange(prepared, result, call, deps));
  return problemOf(result.error, result.model);
}

/** Turns that are not even remembered, or whose time is over, count to those that the prompt had no room for. */
const keptAs = ({ thread, remembered }: HeldThread, left_out: number): NonNullable<Execution["thread"]> => ({
  turn: thread.turns + 1,
  turns_left_out: Math.max(0, thread.turns - remembered.length) + left_out,
});

/** The answer of an execution that succeeded. */
export function executionOf(
  { execution_id, held, snapshot }: Prepared,
  result: AgentRunResult & { readonly ok: true },
  at: Date,
): Execution {
  const { tokens_in, tokens_out } = result.usage;
  return {
    execution_id,
    agent_id: snapshot.agent_id,
    version: snapshot.version,
    thread_id: held?.thread.id ?? null,
    thread: held === undefined ? null : keptAs(held, result.turns_left_out),
    content: result.content,
    ...("object" in result ? { object: result.object } : {}),
    model: result.model,
    finish_reason: result.finish_reason,
    repaired: result.repaired,
    tried: [...result.tried],
    retries: result.retries,
    usage: { tokens_in, tokens_out, tokens_total: tokens_in + tokens_out },
    cost_usd_micros: result.cost_usd_micros,
    price_version: result.price_version,
    tool_calls: result.tool_calls.map(({ id, name, ok, code }) => ({
      id,
      name,
      ok,
      ...(code === undefined ? {} : { code }),
    })),
    contexts: [...result.contexts],
    resources: [...result.resources],
    prompt: result.prompt,
    retrieved: result.retrieved,
    unavailable_tools: [...result.unavailable_tools],
    created_at: timestamp(at),
  };
}
