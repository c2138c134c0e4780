import { type ChangeContext, commitChange } from "../../../shared/change/commit.ts";
import { draft, type EventDraft } from "../../../shared/change/events.ts";
import { timestamp } from "../../../shared/clock.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import { Problem } from "../../../shared/errors.ts";
import type { Call } from "../../../shared/http/call.ts";
import { newId } from "../../../shared/ids.ts";
import { agentStates, isUsable, USABLE_AGENT } from "../../agents/model.ts";
import type { AgentSnapshot } from "../../agents/public.ts";
import { loadSnapshot, workingContent } from "../../agents/public.ts";
import { unknownModel } from "../../models/public.ts";
import { admitTokens } from "../../usage/public.ts";
import type { ExecuteDeps } from "../deps.ts";
import { executionEvents } from "../events.ts";
import type { Execution, operations } from "../operations.ts";
import type { AgentRunError, AgentRunResult } from "../run/agent.ts";

type Ops = typeof operations;
export type ExecuteCall = Call<Ops["execute"]> | Call<Ops["executeStream"]>;

/** One execution before it begins: admitted, with what it will run. */
export interface Prepared {
  readonly execution_id: string;
  readonly thread_id: string;
  readonly snapshot: AgentSnapshot;
  readonly name: string;
}

/**
 * Admits an execution and loads what it runs: a version, or the working copy.
 * @throws Problem `not_found`, `conflict` for an archived agent, `quota_exceeded`
 */
export async function prepareExecution(call: ExecuteCall, deps: ExecuteDeps): Promise<Prepared> {
  const { body, caller, at } = call;
  const { tenant } = call.context;
  const [whole] = await Promise.all([call.load(), admitTokens(deps.table.of(tenant), caller.organization.plan, at)]);
  const { agent } = whole;
  if (!isUsable(agent)) throw agentStates.refusal(agent.status, USABLE_AGENT);
  const snapshot =
    body.version === undefined
      ? { ...(await workingContent(deps, whole)), organization_id: tenant, agent_id: agent.id, version: null }
      : await loadVersion(deps, tenant, agent.id, body.version);
  return {
    execution_id: newId("execution", at),
    thread_id: body.thread_id ?? newId("thread", at),
    snapshot,
    name: agent.name,
  };
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
  context: ChangeContext,
  deps: ExecuteDeps,
): { writes: readonly Write[]; events: [EventDraft] } {
  const { execution_id, snapshot, name } = prepared;
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
      version,
      outcome,
      error_code: code,
      model,
      ...usage,
      cost_usd_micros,
      price_version,
      tool_calls: result.tool_calls.length,
      duration_ms: deps.clock.now().getTime() - context.at.getTime(),
    },
    { outcome, ...(result.ok ? {} : { reason: result.error.code }) },
  );
  return { writes: result.unrecorded, events: [event] };
}

/**
 * Records a failed execution and turns its failure into the refusal that the caller sees. One whose first call found no
 * tokens left has not begun, like any request that is refused.
 */
export async function failExecution(
  prepared: Prepared,
  result: AgentRunResult & { readonly ok: false },
  context: ChangeContext,
  deps: ExecuteDeps,
): Promise<Problem> {
  const refused = result.error.refusal !== undefined && result.model_calls === 0;
  if (!refused) await commitChange(deps.table, context, executionChange(prepared, result, context, deps));
  return problemOf(result.error, result.model);
}

/** A model's failure as an answer of the API: whose fault it is decides the status. */
export function problemOf(error: AgentRunError, model: string): Problem {
  if (error.refusal !== undefined) return error.refusal;
  const members = { reason: error.code };
  const seconds = Math.ceil((error.retry_after_ms ?? 0) / 1_000);
  const headers = seconds > 0 ? { "retry-after": String(seconds) } : {};
  switch (error.code) {
    case "unknown_model":
      return unknownModel(model);
    case "provider_key_missing":
      return new Problem("provider_not_configured", error.message, { members });
    case "model_timeout":
      return new Problem("provider_timeout", error.message, { members, headers });
    case "model_rate_limited":
      return new Problem("rate_limited", error.message, {
        members,
        headers: { "retry-after": String(Math.max(1, seconds)) },
      });
    case "context_too_long":
      return new Problem("validation_failed", error.message, {
        members,
        issues: [{ path: "message", message: "is too long for the model, with the history and the agent's prompt" }],
      });
    default:
      return new Problem("provider_failed", error.message, { members, headers });
  }
}

/** The answer of an execution that succeeded. */
export function executionOf(
  { execution_id, thread_id, snapshot }: Prepared,
  result: AgentRunResult & { readonly ok: true },
  at: Date,
): Execution {
  const { tokens_in, tokens_out } = result.usage;
  return {
    execution_id,
    agent_id: snapshot.agent_id,
    version: snapshot.version,
    thread_id,
    content: result.content,
    ...("object" in result ? { object: result.object } : {}),
    model: result.model,
    finish_reason: result.finish_reason,
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
    unavailable_tools: [...result.unavailable_tools],
    created_at: timestamp(at),
  };
}
