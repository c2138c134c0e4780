import type { Blobs } from "../../../shared/blobs/blobs.ts";
import type { Files } from "../../../shared/blobs/files.ts";
import type { Clock } from "../../../shared/clock.ts";
import type { Table } from "../../../shared/dynamo/table.ts";
import type { Write } from "../../../shared/dynamo/write.ts";
import type { Problem } from "../../../shared/errors.ts";
import type { Sealer } from "../../../shared/http/platform.ts";
import type { Outbound } from "../../../shared/outbound/client.ts";
import type { AgentSnapshot, RememberedTurn } from "../../agents/public.ts";
import type { Retrieved } from "../../agents/retrieved/public.ts";
import type { CompileExpression } from "../../agents/tools/public.ts";
import type { CircuitFacts } from "../../models/circuits/public.ts";
import type { CallMeter, ChatMessage, FinishReason, ModelErrorCode, ModelInvoker } from "../../models/public.ts";
import { hasAnswers, type MeterOf } from "../../usage/public.ts";
import type { ToolFailure } from "../tools/rules/outcome.ts";
import type { ToolRunner } from "../tools/runner.ts";
import { askModel, notAsked, workOf } from "./attempt.ts";
import { givenOnce } from "./given.ts";
import { knowledgeFor, type Spent, withSearch } from "./knowledge.ts";
import { askedWith, hasResources, type Prompted, type ReadMaterial, readResources } from "./material.ts";
import { offerTools, openTools, type UnavailableTool } from "./offer.ts";
import type { PromptChoice } from "./rules/choice.ts";
import { mayGoOn, type TriedModel, timeFor, timeForMaterial, together } from "./rules/fallback.ts";
import type { UsedPrompt, UsedResource } from "./rules/material.ts";
import type { UsedContext } from "./rules/prompt.ts";

/** What running an agent needs; built once per cold start by whoever runs agents. */
export interface AgentRunDeps {
  readonly table: Table;
  readonly blobs: Pick<Blobs, "load">;
  readonly files: Pick<Files, "bytes">;
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
  /** The user's message; empty where a prompt says it. */
  readonly input: string;
  /** A prompt of one of the agent's MCP servers, named by whoever asks: its messages come before theirs. */
  readonly prompt?: PromptChoice | undefined;
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
  readonly meter: Pick<MeterOf, "plan" | "actor" | "work" | "answers" | "budget"> & {
    readonly run_id: string | null;
    /** Which of the organization's providers are not called; undefined where nobody counts what fails. */
    readonly circuits: CircuitFacts | undefined;
  };
  /** Stands between the agent and whatever it calls. */
  readonly between?: Between | undefined;
  /** Gives the answer while it is made; without it the provider is asked for a whole answer. */
  readonly on_delta?: ((delta: AgentDelta) => void | Promise<void>) | undefined;
}

/**
 * A closed list: the model's failures, models that this organization no longer has, a prompt that cannot be had, contexts that are
 * not indexed yet.
 */
export interface AgentRunError {
  readonly code:
    | ModelErrorCode
    | "unknown_model"
    | "prompt_unavailable"
    | "retrieval_model_missing"
    | "retrieval_not_ready";
  /**
   * Public: nothing that a provider wrote is in it. Of a prompt that cannot be had it may be what its server says, which the
   * agent's maker chose: 1,000 characters at most, without secrets.
   */
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
  readonly resources: readonly UsedResource[];
  readonly prompt: UsedPrompt | null;
  /** Passages that the model was given; null where contexts were not searched. */
  readonly retrieved: Retrieved;
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
  const timeout_ms = run.timeout_ms ?? DEFAULT_TIMEOUT_MS;
  const ends = performance.now() + timeout_ms;
  const own = openTools(snapshot, deps);
  const runner = run.between?.tools(own) ?? own;
  try {
    const { tools } = snapshot;
    const { prompt: choice } = run;
    const of = { tenant: snapshot.organization_id, meter: run.meter };
    const clock = AbortSignal.timeout(timeForMaterial(timeout_ms));
    const signal = run.signal === undefined ? clock : AbortSignal.any([run.signal, clock]);
    // What is asked may come from the prompt, and contexts are searched for that.
    const asking = async () => {
      const prompted =
        choice === undefined
          ? undefined
          : await givenOnce("prompt", of, deps, () => askedWith(runner, tools, choice, run.input, signal), isFilled);
      if (prompted?.ok === false) return prompted;
      const about = { ...run, input: prompted?.input ?? run.input };
      return { ok: true, prompted, knowledge: await knowledgeFor(snapshot, about, timeout_ms, deps) } as const;
    };
    const [told_of, material, question] = await Promise.all([
      offerTools(runner, tools, signal),
      hasResources(tools)
        ? givenOnce("resources", of, deps, () => readResources(runner, tools, signal), isRead)
        : { resources: [], unavailable: [] },
      asking(),
    ]);
    if (!question.ok) return notAsked(definition.model_id, promptFailure(question));
    const { prompted, knowledge } = question;
    if (knowledge.kind === "none")
      return withSearch(notAsked(knowledge.found.model_id, knowledge.found.error), knowledge.found);
    const searched: Spent | undefined = knowledge.kind === "passages" ? knowledge.found : undefined;
    const { resources } = material;
    const offered = { ...told_of, unavailable: [...told_of.unavailable, ...material.unavailable] };
    const asked = { ...run, input: prompted?.input ?? run.input };
    const leading = prompted?.before ?? [];
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
      before.reduce((sum, { cost_usd_micros }) => sum + cost_usd_micros, searched?.cost_usd_micros ?? 0);
    const callsOf = (before: readonly AgentRunResult[]) =>
      before.reduce((sum, { model_calls }) => sum + model_calls, 0);
    /** What all models together may take holds for the next one, too. */
    const mayAsk = (before: readonly AgentRunResult[]): boolean =>
      callsOf(before) < (run.max_steps ?? Infinity) && spentOn(before) < (run.max_cost_usd_micros ?? Infinity);
    const ask = (number: number, timeout_ms: number, before: readonly AgentRunResult[]): Promise<AgentRunResult> => {
      const model_id = models[number] ?? definition.model_id;
      const of = { number, model_id, timeout_ms, spent_usd_micros: spentOn(before), calls: callsOf(before) };
      const prepared = { snapshot, run: { ...asked, on_delta }, leading, runner, offered, knowledge, resources };
      return askModel(of, prepared, deps);
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
    return { ...withSearch(together(results), searched), prompt: prompted?.used ?? null };
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

const isRead = ({ resources }: ReadMaterial): boolean => resources.length > 0;
const isFilled = ({ ok }: Prompted | ToolFailure): boolean => ok;

/** Whether it may be there another time. */
const PASSING: ReadonlySet<string> = new Set(["tool_timeout", "tool_unavailable", "tool_secret_unavailable"]);

const promptFailure = ({ code, message }: ToolFailure): AgentRunError => ({
  code: "prompt_unavailable",
  message,
  retryable: PASSING.has(code),
});
