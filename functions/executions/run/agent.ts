import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import type { Problem } from "../../../shared/errors.ts";
import type { Sealer } from "../../../shared/http/platform.ts";
import type { Outbound } from "../../../shared/outbound/client.ts";
import type { AgentSnapshot, CompileExpression, RememberedTurn } from "../../agents/public.ts";
import type { CallMeter, ChatMessage, FinishReason, ModelErrorCode, ModelInvoker } from "../../models/public.ts";
import { hasAnswers, type MeterOf } from "../../usage/public.ts";
import type { ToolRunner } from "../tools/runner.ts";
import { askModel, workOf } from "./attempt.ts";
import { offerTools, openTools, type UnavailableTool } from "./offer.ts";
import { mayGoOn, type TriedModel, timeFor, together } from "./rules/fallback.ts";
import type { LoadedContext, UsedContext } from "./rules/prompt.ts";

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

/** Stands before the calls of an agent: keeps what they are answered, or answers in place of whom they would reach. */
export interface Between {
  meter(own: CallMeter, model: string): CallMeter;
  tools(own: ToolRunner): ToolRunner;
}

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
  readonly meter: Pick<MeterOf, "plan" | "actor" | "work" | "answers" | "budget"> & { readonly run_id: string | null };
  /** Stands between the agent and whatever it calls. */
  readonly between?: Between | undefined;
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
  /** Models that failed, in the order in which they were asked. Usage and cost are of all of them. */
  readonly tried: readonly TriedModel[];
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

/**
 * Runs an agent once: prompt, contexts and tools of the snapshot, the caller's message, one answer. Where its model fails, the
 * next one is asked that it names, as long as nothing has been said and no tool was called. Each call to a provider reserves its
 * tokens before and is recorded when it ends; besides that nothing is written. Failures of the model are values; only a fault
 * of ours throws (a Problem `service_unavailable`).
 */
export async function runAgent(
  snapshot: AgentSnapshot,
  run: AgentRunInput,
  deps: AgentRunDeps,
): Promise<AgentRunResult> {
  const { definition } = snapshot;
  const models = [...new Set([definition.model_id, ...definition.fallback_model_ids])];
  const from = await answeredBefore(snapshot, run, models.length, deps);
  const ends = performance.now() + (run.timeout_ms ?? DEFAULT_TIMEOUT_MS);
  const own = openTools(snapshot, deps);
  const runner = run.between?.tools(own) ?? own;
  try {
    const [offered, contexts] = await Promise.all([
      offerTools(runner, snapshot.tools, run.signal),
      loadContexts(snapshot, deps.blobs),
    ]);
    let said = false;
    const told = run.on_delta;
    const on_delta: AgentRunInput["on_delta"] =
      told === undefined
        ? undefined
        : (delta) => {
            said = true;
            return told(delta);
          };
    const spentOn = (before: readonly AgentRunResult[]) =>
      before.reduce((sum, { cost_usd_micros }) => sum + cost_usd_micros, 0);
    const callsOf = (before: readonly AgentRunResult[]) =>
      before.reduce((sum, { model_calls }) => sum + model_calls, 0);
    /** What all models together may take holds for the next one, too. */
    const mayAsk = (before: readonly AgentRunResult[]): boolean =>
      callsOf(before) < (run.max_steps ?? Infinity) && spentOn(before) < (run.max_cost_usd_micros ?? Infinity);
    const ask = (number: number, timeout_ms: number, before: readonly AgentRunResult[]): Promise<AgentRunResult> => {
      const model_id = models[number] ?? definition.model_id;
      const of = { number, model_id, timeout_ms, spent_usd_micros: spentOn(before), calls: callsOf(before) };
      return askModel(of, { snapshot, run: { ...run, on_delta }, runner, offered, contexts }, deps);
    };
    const left = () => Math.floor(ends - performance.now());
    const isLast = (number: number) => number === models.length - 1;
    const results: [AgentRunResult, ...AgentRunResult[]] = [
      await ask(from, timeFor(left(), true, isLast(from)) ?? left(), []),
    ];
    for (let number = from + 1; number < models.length; number++) {
      const time = timeFor(left(), false, isLast(number));
      const last = results.at(-1) ?? results[0];
      if (time === undefined || !mayGoOn(last, said) || !mayAsk(results)) break;
      results.push(await ask(number, time, results));
    }
    return together(results);
  } finally {
    await runner.close();
  }
}

/**
 * Where to begin when the work may be a repetition after a fault: with the last model whose answers were kept. The ones before
 * it have failed, and what they cost is in the ledger.
 */
async function answeredBefore(
  { organization_id }: AgentSnapshot,
  { meter }: AgentRunInput,
  models: number,
  { table }: AgentRunDeps,
): Promise<number> {
  if (meter.answers === undefined) return 0;
  for (let number = models - 1; number > 0; number--)
    if (await hasAnswers(table.of(organization_id), workOf(meter.work, number))) return number;
  return 0;
}

async function loadContexts(snapshot: AgentSnapshot, blobs: Pick<Blobs, "load">): Promise<LoadedContext[]> {
  const ready = snapshot.contexts.filter(({ is_active, status }) => is_active && status === "ready");
  return Promise.all(
    ready.map(async ({ id, name, content }) => ({ id, name, text: content === null ? "" : await blobs.load(content) })),
  );
}
