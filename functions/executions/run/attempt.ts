import type { AgentSnapshot } from "../../agents/public.ts";
import { circuitMeter } from "../../models/circuits/public.ts";
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
import type { AgentRunDeps, AgentRunError, AgentRunInput, AgentRunResult } from "./agent.ts";
import type { Knowledge } from "./knowledge.ts";
import type { LoadedResource } from "./material.ts";
import type { ActiveTool, Offered } from "./offer.ts";
import { MAX_STEPS } from "./rules/limits.ts";
import { recordedResource } from "./rules/material.ts";
import {
  assemblePassages,
  assembleSystem,
  contextBudget,
  fillVariables,
  type LoadedContext,
  lengthOf,
  messagesOf,
  recentTurns,
  retrievedOf,
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
  /** A prompt's messages, which come directly before the message. */
  readonly leading: readonly ChatMessage[];
  readonly runner: ToolRunner;
  readonly offered: Offered;
  readonly knowledge: Knowledge;
  readonly resources: readonly LoadedResource[];
}

/** Asks one model for the agent's answer, tools included. */
export async function askModel(asked: Asked, prepared: Prepared, deps: AgentRunDeps): Promise<AgentRunResult> {
  const { snapshot, run, leading, runner, offered, knowledge, resources } = prepared;
  const { number, model_id, timeout_ms, spent_usd_micros, calls: made } = asked;
  const { organization_id: tenant, definition } = snapshot;
  const model = await resolveModel(deps.table, tenant, model_id, deps.clock.now());
  if (model === undefined) return notAsked(model_id, UNKNOWN);
  const { run_id, circuits, ...paid } = run.meter;
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
  // What answers in place of a provider says nothing of it.
  const unwatched = deps.invoker.stands_in || circuits === undefined;
  const guarded = unwatched
    ? meter
    : circuitMeter(meter, {
        table: deps.table.of(tenant),
        provider: model.provider,
        facts: circuits,
        model: model_id,
        clock: deps.clock,
        timeout_ms,
      });
  const {
    system,
    passages,
    used: shown,
    sent,
    history,
    turns_left_out,
  } = promptOf(
    snapshot,
    run,
    leading,
    model,
    knowledge,
    resources.map(({ tool_id, uri, text }) => ({ id: tool_id, name: uri, text })),
    offered.specifications,
  );
  const idempotency_key = number === 0 ? run.idempotency_key : `${run.idempotency_key}~${number}`;
  const turn: ChatMessage = { role: "user", content: run.input };
  const [first, ...later] = history;
  const result = await modelCall(
    deps,
    tenant,
    model,
    {
      ...(system === "" ? {} : { system }),
      ...(passages === "" ? {} : { found: passages }),
      cache_prompt: definition.cache_prompt,
      guardrail: definition.guardrail ?? undefined,
      messages: first === undefined ? [turn] : [first, ...later, turn],
      tools: offered.specifications,
      execute_tool: async (call, signal) => {
        const tool: ActiveTool | undefined = offered.byName.get(call.name);
        return tool === undefined
          ? { ok: false, code: "tool_not_found", message: "There is no such tool." }
          : runner.execute(tool, call.name, call.arguments, signal, `${idempotency_key}/${call.id}`);
      },
      max_steps: Math.min(run.max_steps === undefined ? MAX_STEPS : run.max_steps - made, MAX_STEPS),
      spent: (calls) =>
        run.max_cost_usd_micros !== undefined &&
        spent_usd_micros + costOf(model, calls).cost_usd_micros >= run.max_cost_usd_micros,
      temperature: run.temperature ?? definition.temperature,
      max_tokens: definition.max_tokens,
      response_schema: run.response_schema ?? definition.response_schema ?? undefined,
      idempotency_key,
      timeout_ms,
      signal: run.signal,
      // A cassette stands before all that: what it answers never comes here.
      meter: run.between?.meter(guarded, model_id) ?? guarded,
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
    contexts: shown.slice(0, knowledge.contexts.length),
    resources: resources.map((one, i) => recordedResource(one, shown[knowledge.contexts.length + i]?.included)),
    prompt: null,
    retrieved: sent === null ? null : retrievedOf(sent, result.ok ? result.content : ""),
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
  leading: readonly ChatMessage[],
  { model }: CallableModel,
  knowledge: Knowledge,
  resources: readonly LoadedContext[],
  tools: readonly object[],
) {
  const own = fillVariables(run.system_prompt_override ?? definition.system_prompt, run.variables ?? {});
  const prompt = [own, run.instructions ?? ""].filter((part) => part !== "").join("\n\n");
  const room = roomFor({
    context_window_tokens: model.context_window_tokens,
    answer_tokens: Math.min(definition.max_tokens || ANSWER_TOKENS, model.max_output_tokens),
    other_characters:
      prompt.length + lengthOf([...(run.history ?? []), ...leading]) + run.input.length + JSON.stringify(tools).length,
  });
  const fitting = recentTurns(run.remembered ?? [], room);
  const remembered = messagesOf(fitting.turns);
  const budget = contextBudget(room - lengthOf(remembered));
  const assembled =
    knowledge.kind === "whole"
      ? { ...assembleSystem(prompt, [...knowledge.contexts, ...resources], budget), passages: "", sent: null }
      : foundFor(prompt, knowledge, resources, budget);
  const history = [...(run.history ?? []), ...remembered, ...leading];
  return { ...assembled, history, turns_left_out: fitting.left_out };
}

/** Passages have the room first, and what servers know has what they leave. They stand last: nothing else differs from call to call. */
function foundFor(
  prompt: string,
  { found, contexts }: Extract<Knowledge, { readonly kind: "passages" }>,
  resources: readonly LoadedContext[],
  budget: number,
) {
  const { text: passages, used, sent } = assemblePassages(found.passages, contexts, budget);
  const left = sent.reduce((room, { text }) => room - text.length, budget);
  const { system, used: known } = assembleSystem(prompt, resources, left);
  return { system, passages, used: [...used, ...known], sent };
}

const UNKNOWN: AgentRunError = {
  code: "unknown_model",
  message: "The agent's model is not in the organization's catalogue any more.",
  retryable: false,
};

/** The result where no model was asked. */
export const notAsked = (model: string, error: AgentRunError): AgentRunResult => ({
  ok: false,
  error,
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
  resources: [],
  prompt: null,
  retrieved: null,
  turns_left_out: 0,
  unavailable_tools: [],
  unrecorded: [],
});
