import type { JSONSchema7, LanguageModel, ToolSet } from "ai";
import { clampMaxTokens, clampTemperature, type Model } from "../rules/catalogue.ts";
import type { TokenUsage } from "../rules/prices.ts";
import type { ModelConnection } from "./connect.ts";
import type { CallMeter } from "./meter.ts";
import { answerObject } from "./rules/answer-json.ts";
import type { CallUsage } from "./rules/counts.ts";
import { type ModelError, modelError } from "./rules/errors.ts";
import { type FinishReason, finishOf } from "./rules/finish.ts";

export type { CallUsage } from "./rules/counts.ts";
export type { FinishReason } from "./rules/finish.ts";

export type ChatMessage = { role: "user" | "assistant"; content: string };

/** A tool that the model may call. `parameters` is a JSON Schema of an object. */
export type ToolSpecification = { name: string; description: string; parameters: Readonly<Record<string, unknown>> };

export type ToolCall = { id: string; name: string; arguments: unknown };

/** What a tool answers; a failure is told to the model, which may try otherwise. */
export type ToolOutcome = { ok: true; output: unknown } | { ok: false; code: string; message: string };

export type ModelRequest = {
  model: Model;
  connection: ModelConnection;
  system?: string | undefined;
  /** What was found for these messages: it stands behind the system text, and behind what the provider is asked to keep. */
  found?: string | undefined;
  /** The provider is asked to keep what stands before the messages for calls to come, where it has to be asked. */
  cache_prompt?: boolean | undefined;
  /** Of Amazon Bedrock; models that are served elsewhere are not called with one. */
  guardrail?: { readonly id: string; readonly version: string } | undefined;
  messages: readonly [ChatMessage, ...ChatMessage[]];
  tools?: readonly ToolSpecification[] | undefined;
  /** Runs one tool call. Needed where there are tools. */
  execute_tool?: ((call: ToolCall, signal: AbortSignal) => Promise<ToolOutcome>) | undefined;
  /** Model calls at most, tools in between included. Default 8, at most 32. */
  max_steps?: number | undefined;
  temperature?: number | undefined;
  /** 0 or none: the provider's default. */
  max_tokens?: number | undefined;
  /** Whether so much has been spent that no further call is made. Asked between calls. */
  spent?: ((calls: readonly CallUsage[]) => boolean) | undefined;
  /** JSON Schema that the answer has to match; the answer's value is then `object`. One that does not is mended once. */
  response_schema?: Readonly<Record<string, unknown>> | undefined;
  /**
   * Id of the run's step and attempt. The n-th call to the provider, however often it is sent, carries `<key>-<n>` as `Idempotency-Key`, so that a
   * repeated attempt is recognized by providers which look at it.
   */
  idempotency_key: string;
  /** Deadline of the whole request, tools included. */
  timeout_ms: number;
  signal?: AbortSignal | undefined;
  /** Stands before and behind each call to the provider. */
  meter: CallMeter;
};

export type FinishedToolCall = ToolCall & { outcome: ToolOutcome };

export type ModelResult =
  | {
      ok: true;
      /** Text of the last call. */
      content: string;
      /** The parsed answer where a response schema was given. */
      object?: unknown;
      /** The first answer did not match the response schema: this one was asked for again. */
      repaired?: true;
      model: string;
      usage: TokenUsage;
      /** One entry for each call to the provider: prices are by call. */
      calls: CallUsage[];
      finish_reason: FinishReason;
      tool_calls: FinishedToolCall[];
      /** How often the provider was waited for, as it had asked. */
      retries: number;
    }
  | {
      ok: false;
      error: ModelError;
      model: string;
      /** Tokens of the calls that succeeded before the failure: they are paid for. */
      usage: TokenUsage;
      calls: CallUsage[];
      tool_calls: FinishedToolCall[];
      retries: number;
    };

const stepLimit = 32;

/** Calls to the provider that a request may make. */
const mostSteps = ({ max_steps }: ModelRequest): number => Math.min(Math.max(max_steps ?? 8, 1), stepLimit);

type StepFacts = { text: string; finishReason: string; rawFinishReason: string | undefined };

/** What one request has come to so far, fed by the library's callbacks; the result is made from it at the end. */
export class Progress {
  readonly toolCalls: FinishedToolCall[] = [];
  retries = 0;
  readonly #calls: readonly CallUsage[];
  readonly #request: ModelRequest;
  #last: StepFacts | undefined;

  /** @param calls what each call has used, as the meter comes to know it */
  constructor(request: ModelRequest, calls: readonly CallUsage[]) {
    this.#request = request;
    this.#calls = calls;
  }

  step(facts: StepFacts): void {
    this.#last = facts;
  }

  /** Whether no further call is to be made for its cost. */
  spent(): boolean {
    return this.#request.spent?.(this.#calls) ?? false;
  }

  #common() {
    const sum = (pick: (call: CallUsage) => number) => this.#calls.reduce((total, call) => total + pick(call), 0);
    return {
      model: this.#request.model.id,
      usage: { tokens_in: sum(({ tokens_in }) => tokens_in), tokens_out: sum(({ tokens_out }) => tokens_out) },
      calls: [...this.#calls],
      tool_calls: this.toolCalls,
      retries: this.retries,
    };
  }

  failed(error: ModelError): ModelResult {
    return { ok: false, error, ...this.#common() };
  }

  /** @param mend asks once more for an answer that did not match the response schema */
  async finished(mend?: (answer: string, problem: string) => Promise<void>): Promise<ModelResult> {
    const last = this.#last;
    if (last === undefined) return this.failed(modelError("model_answer_invalid"));
    const finish = finishOf(last.finishReason, last.rawFinishReason);
    const reason = finish === "max_steps" && this.spent() ? "max_cost" : finish;
    if (reason === "failed") return this.failed(modelError("model_unavailable"));
    if (reason === "guarded") return this.failed(modelError("guardrail_intervened"));
    if (reason === "refused") return this.failed(modelError("model_refused"));
    const result: ModelResult = { ok: true, content: last.text, finish_reason: reason, ...this.#common() };
    const schema = this.#request.response_schema;
    if (schema === undefined || reason === "max_steps" || reason === "max_cost") return result;
    const object = await answerObject(last.text, schema);
    if (object.ok) return { ...result, object: object.value };
    const made = this.#calls.length >= mostSteps(this.#request);
    if (mend === undefined || made || this.spent()) return this.failed(modelError("response_schema_mismatch"));
    this.#last = undefined;
    await mend(last.text, object.problem);
    const mended = await this.finished();
    return mended.ok ? { ...mended, repaired: true } : mended;
  }
}

/** Providers without response schemas get it as an instruction. */
const systemText = ({
  system,
  response_schema,
  model,
}: Pick<ModelRequest, "system" | "response_schema" | "model">): string | undefined => {
  if (response_schema === undefined || model.supports.response_schema) return system;
  const instruction = `Answer only with JSON that matches this JSON Schema, without any text around it:\n${JSON.stringify(response_schema)}`;
  return system === undefined ? instruction : `${system}\n\n${instruction}`;
};

/** What stands before the messages, tools among it, is kept up to here. Providers other than the one that is named look past it. */
const keptUpToHere = {
  anthropic: { cacheControl: { type: "ephemeral" } },
  bedrock: { cachePoint: { type: "default" } },
};

const guardOf = ({ guardrail }: ModelRequest): Record<string, { guardrailConfig: Record<string, string> }> =>
  guardrail === undefined
    ? {}
    : { bedrock: { guardrailConfig: { guardrailIdentifier: guardrail.id, guardrailVersion: guardrail.version } } };

/** One text, which every server takes; two of them where the first is to be kept. */
const systemOf = (request: ModelRequest) => {
  const { system, found } = request;
  const asks = request.cache_prompt === true && request.model.supports.prompt_cache === "on_request";
  if (!asks) {
    const parts = [system, found].filter((part) => part !== undefined);
    return systemText({ ...request, system: parts.length === 0 ? undefined : parts.join("\n\n") });
  }
  const content = systemText(request);
  if (content === undefined) return found;
  const kept = { role: "system" as const, content, providerOptions: keptUpToHere };
  return found === undefined ? kept : [kept, { role: "system" as const, content: found }];
};

/** The library's settings for a request, the same for a whole answer and for a stream. */
export const callSettings = (
  library: typeof import("./lazy/ai.ts"),
  languageModel: LanguageModel,
  request: ModelRequest,
  progress: Progress,
  signal: AbortSignal,
) => {
  const { jsonSchema, Output, stepCountIs, tool } = library;
  // Schemas were checked when they were stored; the library only passes them on.
  const schemaOf = (schema: Readonly<Record<string, unknown>>) => jsonSchema<unknown>(schema as JSONSchema7);

  const tools: ToolSet = {};
  for (const { name, description, parameters } of request.model.supports.tools ? (request.tools ?? []) : []) {
    tools[name] = tool({
      description,
      inputSchema: schemaOf(parameters),
      execute: async (input, { toolCallId }) => {
        const call: ToolCall = { id: toolCallId, name, arguments: input };
        const outcome = await runTool(request, call, signal);
        progress.toolCalls.push({ ...call, outcome });
        return outcome.ok ? outcome.output : { error: { code: outcome.code, message: outcome.message } };
      },
    });
  }

  const system = systemOf(request);
  const temperature = clampTemperature(request.model, request.temperature);
  const maxOutputTokens = clampMaxTokens(request.model, request.max_tokens);
  return {
    model: languageModel,
    messages: [...request.messages],
    stopWhen: [stepCountIs(mostSteps(request)), () => progress.spent()],
    maxRetries: 0, // the engine retries, with the step's policy
    abortSignal: signal,
    // Schemas of organizations need not keep OpenAI's rules for strict mode; the answer is validated by us.
    providerOptions: { openai: { strictJsonSchema: false }, ...guardOf(request) },
    ...(system === undefined ? {} : { system }),
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
    ...(Object.keys(tools).length === 0 ? {} : { tools }),
    ...(request.response_schema === undefined
      ? {}
      : { output: Output.object({ schema: schemaOf(request.response_schema) }) }),
  };
};

const runTool = async (request: ModelRequest, call: ToolCall, signal: AbortSignal): Promise<ToolOutcome> => {
  const unavailable: ToolOutcome = { ok: false, code: "tool_failed", message: "The tool could not be run." };
  try {
    return (await request.execute_tool?.(call, signal)) ?? unavailable;
  } catch {
    return unavailable; // what was thrown may hold internals and must not reach the model
  }
};
