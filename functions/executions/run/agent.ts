import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import type { Problem } from "../../../shared/errors.ts";
import type { Sealer } from "../../../shared/http/platform.ts";
import type { Outbound } from "../../../shared/outbound/client.ts";
import type { AgentSnapshot, CompileExpression, RememberedTurn } from "../../agents/public.ts";
import {
  type CallableModel,
  type ChatMessage,
  costOf,
  type FinishReason,
  type ModelErrorCode,
  type ModelInvoker,
  modelCall,
  resolveModel,
} from "../../models/public.ts";
import { type MeterOf, workMeter } from "../../usage/public.ts";
import { type ActiveTool, offerTools, openTools, type UnavailableTool } from "./offer.ts";
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
  type UsedContext,
} from "./rules/prompt.ts";

/** What running an agent needs; built once per cold start by whoever runs agents. */
export interface AgentRunDeps {
  readonly table: Table;
  readonly blobs: Pick<Blobs, "load">;
  readonly secrets: Sealer;
  readonly invoker: ModelInvoker;
  readonly outbound: Pick<Outbound, "request" | "fetch">;
  readonly compile_expression: CompileExpression;
  readonly clock: Clock;
}

/** What happens while an answer is made. */
export type AgentDelta =
  | { readonly type: "text"; readonly text: string }
  | { readonly type: "tool_call"; readonly id: string; readonly name: string; readonly arguments: unknown }
  | { readonly type: "tool_result"; readonly id: string; readonly name: string; readonly ok: boolean };

export interface AgentRunInput {
  /** The user's message. */
  readonly input: string;
  readonly history?: readonly ChatMessage[] | undefined;
  /** What was said before, oldest first; in place of a history. What the model has no room for is left out, oldest first. */
  readonly remembered?: readonly RememberedTurn[] | undefined;
  readonly variables?: Readonly<Record<string, string>> | undefined;
  readonly system_prompt_override?: string | undefined;
  /** Said after the agent's prompt: what this call is for. */
  readonly instructions?: string | undefined;
  /** Of the answer, in place of the agent's own. */
  readonly response_schema?: Readonly<Record<string, unknown>> | undefined;
  readonly temperature?: number | undefined;
  /** Id of the step and attempt, or of the execution; goes to the provider with each call. */
  readonly idempotency_key: string;
  /** Calls to the model at most, tools in between; 12 at most, which is the default. */
  readonly max_steps?: number | undefined;
  /** Once so much has been spent no further call is made. */
  readonly max_cost_usd_micros?: number | undefined;
  /** Deadline of the whole run, tools included. Default 120,000. */
  readonly timeout_ms?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Who pays, and what the calls are recorded under. */
  readonly meter: Pick<MeterOf, "plan" | "actor" | "work" | "answers"> & { readonly run_id: string | null };
  /** Gives the answer while it is made; without it the provider is asked for a whole answer. */
  readonly on_delta?: ((delta: AgentDelta) => void | Promise<void>) | undefined;
}

/** A closed list: the model's failures, and a model that this organization no longer has. */
export interface AgentRunError {
  readonly code: ModelErrorCode | "unknown_model";
  /** Public: nothing that a provider wrote is in it. */
  readonly message: string;
  /** Whether the same call may succeed when it is tried again. */
  readonly retryable: boolean;
  readonly retry_after_ms?: number | undefined;
  /** Of `quota_exceeded`: the refusal as the API tells it. */
  readonly refusal?: Problem | undefined;
}

export interface AgentToolCall {
  readonly id: string;
  readonly name: string;
  readonly arguments: unknown;
  readonly ok: boolean;
  readonly code?: string;
}

interface Metered {
  readonly model: string;
  readonly provider: string;
  readonly usage: { readonly tokens_in: number; readonly tokens_out: number };
  readonly model_calls: number;
  readonly estimated: boolean;
  readonly cost_usd_micros: number;
  readonly price_version: string;
  readonly tool_calls: readonly AgentToolCall[];
  /** How often the provider was waited for, as it had asked. */
  readonly retries: number;
  readonly contexts: readonly UsedContext[];
  /** Of the turns that were given to remember, the oldest ones that had no room in the prompt. */
  readonly turns_left_out: number;
  readonly unavailable_tools: readonly UnavailableTool[];
  /** Writes of calls that could not be recorded when they ended; for the transaction of the work. Nearly always none. */
  readonly unrecorded: readonly Write[];
}

/** Failed runs are metered too: calls before the failure are paid for. */
export type AgentRunResult =
  | (Metered & {
      readonly ok: true;
      readonly content: string;
      /** The parsed answer, where the agent has a response schema. */
      readonly object?: unknown;
      readonly finish_reason: FinishReason;
      /** The first answer did not match the response schema: this one was asked for again. */
      readonly repaired: boolean;
    })
  | (Metered & { readonly ok: false; readonly error: AgentRunError });

const DEFAULT_TIMEOUT_MS = 120_000;
/** Of the answer's tokens so many are kept free in the window when the agent names no limit. */
const ANSWER_TOKENS = 4_096;

/**
 * Runs an agent once: prompt, contexts and tools of the snapshot, the caller's message, one answer. Each call to the
 * provider reserves its tokens before and is recorded when it ends; besides that nothing is written. Failures of the model
 * are values; only a fault of ours throws (a Problem `service_unavailable`).
 */
export async function runAgent(
  snapshot: AgentSnapshot,
  run: AgentRunInput,
  deps: AgentRunDeps,
): Promise<AgentRunResult> {
  const { organization_id: tenant, definition } = snapshot;
  const model = await resolveModel(deps.table, tenant, definition.model_id, deps.clock.now());
  if (model === undefined) return unknown(definition.model_id);
  const runner = openTools(snapshot, deps);
  const timeout_ms = run.timeout_ms ?? DEFAULT_TIMEOUT_MS;
  const { run_id, ...paid } = run.meter;
  const meter = workMeter({
    ...paid,
    table: deps.table.of(tenant),
    clock: deps.clock,
    about: {
      model: definition.model_id,
      provider: model.provider,
      agent_id: snapshot.agent_id,
      agent_version: snapshot.version,
      run_id,
    },
    costOf: (call) => costOf(model, [call]),
    max_output_tokens: model.model.max_output_tokens,
    timeout_ms,
  });
  try {
    const [offered, contexts] = await Promise.all([
      offerTools(runner, snapshot.tools, run.signal),
      loadContexts(snapshot, deps.blobs),
    ]);
    const { system, used, history, turns_left_out } = promptOf(snapshot, run, model, contexts, offered.specifications);
    const turn: ChatMessage = { role: "user", content: run.input };
    const [first, ...later] = history;
    const result = await modelCall(
      deps,
      tenant,
      model,
      {
        ...(system === "" ? {} : { system }),
        messages: first === undefined ? [turn] : [first, ...later, turn],
        tools: offered.specifications,
        execute_tool: async (call, signal) => {
          const tool: ActiveTool | undefined = offered.byName.get(call.name);
          return tool === undefined
            ? { ok: false, code: "tool_not_found", message: "There is no such tool." }
            : runner.execute(tool, call.name, call.arguments, signal);
        },
        max_steps: Math.min(run.max_steps ?? MAX_STEPS, MAX_STEPS),
        spent: (calls) =>
          run.max_cost_usd_micros !== undefined && costOf(model, calls).cost_usd_micros >= run.max_cost_usd_micros,
        temperature: run.temperature ?? definition.temperature,
        max_tokens: definition.max_tokens,
        response_schema: run.response_schema ?? definition.response_schema ?? undefined,
        idempotency_key: run.idempotency_key,
        timeout_ms,
        signal: run.signal,
        meter,
      },
      run.on_delta,
    );
    const metered: Metered = {
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
  } finally {
    await runner.close();
  }
}

async function loadContexts(snapshot: AgentSnapshot, blobs: Pick<Blobs, "load">): Promise<LoadedContext[]> {
  const ready = snapshot.contexts.filter(({ is_active, status }) => is_active && status === "ready");
  return Promise.all(
    ready.map(async ({ id, name, content }) => ({ id, name, text: content === null ? "" : await blobs.load(content) })),
  );
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
  retries: 0,
  contexts: [],
  turns_left_out: 0,
  unavailable_tools: [],
  unrecorded: [],
});
