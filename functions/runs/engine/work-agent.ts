import type { Scope } from "../../../shared/expressions/expression.ts";
import { isObject, type Json } from "../../../shared/expressions/json.ts";
import { asText } from "../../../shared/expressions/template.ts";
import { newId } from "../../../shared/ids.ts";
import { loadSnapshot } from "../../agents/public.ts";
import { type AgentRunResult, runAgent } from "../../executions/public.ts";
import type { GraphNode } from "../../pipelines/graph/public.ts";
import { usageWrites } from "../../usage/public.ts";
import { runContext } from "../log/entries.ts";
import type { AttemptResult } from "./rules/outcome.ts";
import type { PlanNode } from "./rules/plan.ts";
import { prepareTask } from "./rules/task.ts";
import type { TaskDeps } from "./task.ts";
import type { WorkDeps } from "./work-deps.ts";

type Of = Parameters<TaskDeps["worker"]>[0];
type AgentNode = Extract<GraphNode, { kind: "agent" }>;

interface AgentTask extends Of {
  readonly step: AgentNode;
  readonly node: PlanNode;
  readonly attempt: number;
  readonly scope: Scope;
  /** So long as the work wants to take, but no longer than the run has left. In milliseconds, like what it takes. */
  readonly within: (wanted_ms: number) => number;
}

/** How long an agent may take where its node does not say. */
const DEFAULT_TIMEOUT_MS = 120_000;
const GRACE_MS = 5_000;

/** Runs the pinned version of an agent on the node's input, and notes what it cost for the step's commit. */
export async function workAgent(task: AgentTask, deps: WorkDeps): Promise<AttemptResult> {
  const { step, attempt, scope, run, table, store } = task;
  const prepared = await prepareTask(step, scope);
  if (!prepared.ok) return { ...prepared, retryable: false };
  const { agent_id, system_prompt_override, temperature } = step.config;
  const timeout_ms = task.within(step.config.timeout_ms ?? DEFAULT_TIMEOUT_MS);
  const version = step.config.version ?? (agent_id === undefined ? undefined : run.pinned.agents[agent_id]);
  if (agent_id === undefined || version === undefined) {
    return { ok: false, error: { code: "agent_missing", message: "The node names no agent." }, retryable: false };
  }
  const snapshot = await loadSnapshot(deps.table, deps.blobs, table.tenant, agent_id, version);
  const input = prepared.task.kind === "agent" ? prepared.task.input : null;
  const result = await runAgent(
    snapshot,
    {
      input: messageOf(input),
      variables: variablesOf(input),
      system_prompt_override,
      temperature,
      idempotency_key: `${run.id}-${step.id}-${attempt}`,
      timeout_ms,
      // The call to the model ends by itself; this bounds what comes before it, tools that are listed.
      signal: AbortSignal.timeout(task.within(timeout_ms + GRACE_MS)),
    },
    deps,
  );
  const { tokens_in, tokens_out } = result.usage;
  const { model, cost_usd_micros } = result;
  store.note(task.node, attempt, {
    model,
    tokens_in,
    tokens_out,
    cost_usd_micros,
    usage: usageOf(task, version, result, deps),
  });
  if (!result.ok) {
    const { code, message, retryable, retry_after_ms } = result.error;
    return { ok: false, error: { code, message }, retryable, retry_after_ms };
  }
  const object = result.object === undefined ? {} : { object: result.object as Json };
  return { ok: true, output: { text: result.content, ...object } };
}

/** The ledger's record of what was called; nothing where no call was made. */
function usageOf({ run, step, table, attempt }: AgentTask, version: number, result: AgentRunResult, deps: WorkDeps) {
  if (result.model_calls === 0) return [];
  const at = deps.clock.now();
  const { model, provider, usage, model_calls, estimated, cost_usd_micros, price_version } = result;
  return usageWrites(table, runContext(table, run, at), {
    id: newId("usage", at),
    source: { kind: "run_step", id: `${run.id}/${step.id}/${attempt}` },
    model,
    provider,
    ...usage,
    model_calls,
    estimated,
    cost_usd_micros,
    price_version,
    agent_id: step.config.agent_id ?? null,
    agent_version: version,
    run_id: run.id,
  });
}

/** The message for the agent: a text as it is, `message` or `query` of an object, else the value as JSON. */
export function messageOf(input: Json): string {
  if (!isObject(input)) return asText(input);
  if (typeof input.message === "string") return input.message;
  return typeof input.query === "string" ? input.query : asText(input as Json);
}

/** Values for the placeholders of the agent's prompt: the texts of `variables` in the input. */
function variablesOf(input: Json): Record<string, string> {
  const variables = isObject(input) && isObject(input.variables) ? Object.entries(input.variables) : [];
  return Object.fromEntries(variables.flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : [])));
}
