import type { AgentSnapshot } from "../../agents/public.ts";
import {
  type CallableModel,
  type ChatMessage,
  costOf,
  modelCall,
  resolveModel,
  worstCostOf,
} from "../../models/public.ts";
import { type MeterOf, workMeter } from "../../usage/public.ts";
import type { ToolRunner } from "../tools/runner.ts";
import type { AgentRunDeps, AgentRunInput, AgentRunResult } from "./agent.ts";
import type { ActiveTool, Offered } from "./offer.ts";
import { MAX_STEPS } from "./rules/limits.ts";
import {
  assembleSystem,
  contextBudget,
  fillVariables,
  type LoadedContext,
  lengthOf,
  messagesOf,
  recentTurns,
  roomFor,
} from "./rules/prompt.ts";

/** Of the answer's tokens so many are kept free in the window when the agent names no limit. */
const ANSWER_TOKENS = 4_096;

type Work = MeterOf["work"];

/** Under which work the calls of the n-th model are recorded: its answers are no other model's. */
export const workOf = (work: Work, number: number): Work =>
  number === 0 ? work : { ...work, id: `${work.id}~${number}` };

/** One model that is asked: the agent's own is number 0. */
interface Asked {
  readonly number: number;
  readonly model_id: string;
  readonly timeout_ms: number;
  /** What models before it have cost, and how often they were called. */
  readonly spent_usd_micros: number;
  readonly calls: number;
}

interface Prepared {
  readonly snapshot: AgentSnapshot;
  readonly run: AgentRunInput;
  readonly runner: ToolRunner;
  readonly offered: Offered;
  readonly contexts: readonly LoadedContext[];
}

/** Asks one model for the agent's answer, tools included. */
export async function askModel(asked: Asked, prepared: Prepared, deps: AgentRunDeps): Promise<AgentRunResult> {
  const { snapshot, run, runner, offered, contexts } = prepared;
  const { number, model_id, timeout_ms, spent_usd_micros, calls: made } = asked;
  const { organization_id: tenant, definition } = snapshot;
  const model = await resolveModel(deps.table, tenant, model_id, deps.clock.now());
  if (model === undefined) return unknown(model_id);
  const { run_id, ...paid } = run.meter;
  const meter = workMeter({
    ...paid,
    work: workOf(paid.work, number),
    table: deps.table.of(tenant),
    clock: deps.clock,
    about: {
      model: model_id,
      provider: model.provider,
      agent_id: snapshot.agent_id,
      agent_version: snapshot.version,
      run_id,
    },
    costOf: (call) => costOf(model, [call]),
    worstCostOf: (call) => worstCostOf(model, call, definition),
    max_output_tokens: model.model.max_output_tokens,
    timeout_ms,
  });
  const { system, used, history, turns_left_out } = promptOf(snapshot, run, model, contexts, offered.specifications);
  const turn: ChatMessage = { role: "user", content: run.input };
  const [first, ...later] = history;
  const result = await modelCall(
    deps,
    tenant,
    model,
    {
      ...(system === "" ? {} : { system }),
      cache_prompt: definition.cache_prompt,
      guardrail: definition.guardrail ?? undefined,
      messages: first === undefined ? [turn] : [first, ...later, turn],
      tools: offered.specifications,
      execute_tool: async (call, signal) => {
        const tool: ActiveTool | undefined = offered.byName.get(call.name);
        return tool === undefined
          ? { ok: false, code: "tool_not_found", message: "There is no such tool." }
          : runner.execute(tool, call.name, call.arguments, signal);
      },
      max_steps: Math.min(run.max_steps === undefined ? MAX_STEPS : run.max_steps - made, MAX_STEPS),
      spent: (calls) =>
        run.max_cost_usd_micros !== undefined &&
        spent_usd_micros + costOf(model, calls).cost_usd_micros >= run.max_cost_usd_micros,
      temperature: run.temperature ?? definition.temperature,
      max_tokens: definition.max_tokens,
      response_schema: run.response_schema ?? definition.response_schema ?? undefined,
      idempotency_key: number === 0 ? run.idempotency_key : `${run.idempotency_key}~${number}`,
      timeout_ms,
      signal: run.signal,
      meter: run.between?.meter(meter, model_id) ?? meter,
    },
    run.on_delta,
  );
  const metered = {
    model: result.model,
    provider: model.provider,
    usage: result.usage,
    model_calls: result.calls.length,
    estimated: result.calls.some(({ estimated }) => estimated),
    ...costOf(model, result.calls),
    tool_calls: result.tool_calls.map(({ id, name, arguments: args, outcome }) => ({
      id,
      name,
      arguments: args,
      ok: outcome.ok,
      ...(outcome.ok ? {} : { code: outcome.code }),
    })),
    tried: [],
    retries: result.retries,
    contexts: used,
    turns_left_out,
    unavailable_tools: offered.unavailable,
    unrecorded: meter.unrecorded(),
  };
  if (!result.ok) return { ...metered, ok: false, error: result.error };
  const { content, finish_reason, repaired = false } = result;
  return {
    ...metered,
    ok: true,
    content,
    finish_reason,
    repaired,
    ...("object" in result ? { object: result.object } : {}),
  };
}

function promptOf(
  { definition }: AgentSnapshot,
  run: AgentRunInput,
  { model }: CallableModel,
  contexts: readonly LoadedContext[],
  tools: readonly object[],
) {
  const own = fillVariables(run.system_prompt_override ?? definition.system_prompt, run.variables ?? {});
  const prompt = [own, run.instructions ?? ""].filter((part) => part !== "").join("\n\n");
  const room = roomFor({
    context_window_tokens: model.context_window_tokens,
    answer_tokens: Math.min(definition.max_tokens || ANSWER_TOKENS, model.max_output_tokens),
    other_characters: prompt.length + lengthOf(run.history ?? []) + run.input.length + JSON.stringify(tools).length,
  });
  const fitting = recentTurns(run.remembered ?? [], room);
  const remembered = messagesOf(fitting.turns);
  const assembled = assembleSystem(prompt, contexts, contextBudget(room - lengthOf(remembered)));
  return { ...assembled, history: [...(run.history ?? []), ...remembered], turns_left_out: fitting.left_out };
}

const unknown = (model: string): AgentRunResult => ({
  ok: false,
  error: {
    code: "unknown_model",
    message: "The agent's model is not in the organization's catalogue any more.",
    retryable: false,
  },
  model,
  provider: "",
  usage: { tokens_in: 0, tokens_out: 0 },
  model_calls: 0,
  estimated: false,
  cost_usd_micros: 0,
  price_version: "unpriced",
  tool_calls: [],
  tried: [],
  retries: 0,
  contexts: [],
  turns_left_out: 0,
  unavailable_tools: [],
  unrecorded: [],
});
