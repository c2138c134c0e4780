import { Problem } from "../../../shared/errors.ts";
import { OutboundError } from "../../../shared/outbound/errors.ts";
import { withoutState } from "../../../shared/outbound/trace.ts";
import { callSettings, type ModelRequest, type ModelResult, Progress } from "./call.ts";
import { type BedrockAccess, languageModel } from "./connect.ts";
import { type EmbeddingRequest, type EmbeddingResult, embedTexts } from "./embed.ts";
import { mendingFetch } from "./mending-fetch.ts";
import { type MeteredCalls, meteredCalls } from "./meter.ts";
import { askToMend } from "./rules/answer-json.ts";
import { type ModelError, modelError, toModelError } from "./rules/errors.ts";
import { waitingFetch } from "./waiting-fetch.ts";

export type { ChatMessage, ModelRequest, ModelResult, ToolCall, ToolOutcome, ToolSpecification } from "./call.ts";
export type { BedrockAccess, ModelConnection } from "./connect.ts";
export type { EmbeddingRequest, EmbeddingResult } from "./embed.ts";
export type { ModelError, ModelErrorCode } from "./rules/errors.ts";

/** What a stream delivers. Exactly one `done` comes last, also after a failure. */
export type ModelEvent =
  | { type: "text"; text: string }
  | { type: "tool_call"; id: string; name: string; arguments: unknown }
  | { type: "tool_result"; id: string; name: string; ok: boolean }
  | { type: "done"; result: ModelResult };

export type ModelInvoker = {
  /** One whole answer. Failures are values, with the usage up to them; throws only what the meter cannot do. */
  generate: (request: ModelRequest) => Promise<ModelResult>;
  /** The answer while it is made, in the same way; a reader that stops early cancels the call. */
  stream: (request: ModelRequest) => AsyncGenerator<ModelEvent, void, void>;
  /** Numbers for texts, of a model for embeddings; fails in the same way. */
  embed: (request: EmbeddingRequest) => Promise<EmbeddingResult>;
  /** Something else answers in place of providers: what it does is not theirs. */
  readonly stands_in?: boolean;
};

/** Cancelled by the caller, or out of time: told apart by the reason of the abort. */
const deadline = (timeoutMs: number, caller: AbortSignal | undefined) => {
  const controller = new AbortController();
  const onAbort = () => controller.abort(new OutboundError("aborted"));
  const timer = setTimeout(() => controller.abort(new OutboundError("timeout")), timeoutMs);
  if (caller?.aborted) onAbort();
  else caller?.addEventListener("abort", onAbort, { once: true });
  const clear = () => {
    clearTimeout(timer);
    caller?.removeEventListener("abort", onAbort);
  };
  return { signal: controller.signal, cancel: onAbort, clear };
};

const missingKey = ({ connection }: Pick<ModelRequest, "connection">): boolean =>
  connection.provider !== "amazon-bedrock" && connection.provider !== "openai_compatible" && connection.api_key === "";

/**
 * Calls to language models. All HTTP goes through the guarded client, except to Amazon Bedrock, which is AWS's own endpoint
 * and signed with our role.
 */
export const createModelInvoker = (parts: {
  outbound: { fetch: typeof globalThis.fetch };
  bedrock: BedrockAccess;
  /** Stands in the way to the provider: what a test has it answer. What comes from there costs nothing. */
  through?: ((way: typeof globalThis.fetch) => typeof globalThis.fetch) | undefined;
  /** Wall clock in milliseconds, for Retry-After dates. */
  now?: () => number;
}): ModelInvoker => {
  const now = parts.now ?? Date.now;

  const prepare = async (request: ModelRequest, metered: MeteredCalls, progress: Progress, signal: AbortSignal) => {
    const ends = performance.now() + request.timeout_ms;
    const reach = (way: typeof globalThis.fetch) => {
      const asking: typeof way = (...asked) => {
        metered.sent();
        return way(...asked);
      };
      const answering = mendingFetch(asking, metered.answered);
      return waitingFetch(
        parts.through?.(answering) ?? answering,
        () => ends - performance.now(),
        now,
        () => {
          progress.retries += 1;
        },
      );
    };
    const fetch: typeof globalThis.fetch = (input, init) => {
      const headers = new Headers(init?.headers);
      headers.set("idempotency-key", `${request.idempotency_key}-${metered.number()}`);
      return withoutState(() => parts.outbound.fetch(input, { ...init, headers }));
    };
    globalThis.AI_SDK_LOG_WARNINGS = false; // would write to the console: settings a model ignores, on every call
    const [library, model] = await Promise.all([
      import("./lazy/ai.ts"),
      languageModel(request.model, request.connection, {
        reach,
        fetch,
        bedrock: parts.bedrock,
      }),
    ]);
    const wrapped = library.wrapLanguageModel({ model, middleware: metered.middleware });
    const settings = callSettings(library, wrapped, request, progress, signal);
    const generate = async (asked: typeof settings) => {
      await library.generateText({ ...asked, onStepFinish: (step) => progress.step(step) }).catch((error: unknown) => {
        // The answer is parsed and validated here, from the text; the library's own verdict on it is not needed.
        if (!library.NoObjectGeneratedError.isInstance(error)) throw error;
      });
    };
    /** Without tools: what they gave is in the answer already. */
    const mend = (answer: string, problem: string) => {
      const { tools: _, ...rest } = settings;
      const said = { role: "assistant", content: answer.trim() === "" ? "(nothing)" : answer } as const;
      const messages = [...settings.messages, said, { role: "user", content: askToMend(problem) } as const];
      return generate({ ...rest, messages });
    };
    return { library, settings, generate, mend };
  };

  /** @throws what the meter threw but for a quota that is used up: a fault of ours is no failure of the model */
  const failure = (error: unknown, signal: AbortSignal): ModelError => {
    if (error instanceof Problem && error.code !== "quota_exceeded") throw error;
    return toModelError(signal.aborted ? signal.reason : error, now());
  };

  const generate: ModelInvoker["generate"] = async (request) => {
    const metered = meteredCalls(request.meter, request.idempotency_key);
    const progress = new Progress(request, metered.calls);
    if (missingKey(request)) return progress.failed(modelError("provider_key_missing"));
    const { signal, clear } = deadline(request.timeout_ms, request.signal);
    try {
      const { settings, generate, mend } = await prepare(request, metered, progress, signal);
      signal.throwIfAborted();
      await generate(settings);
      return await progress.finished(mend);
    } catch (error) {
      return progress.failed(failure(error, signal));
    } finally {
      clear();
    }
  };

  async function* stream(request: ModelRequest): AsyncGenerator<ModelEvent, void, void> {
    const metered = meteredCalls(request.meter, request.idempotency_key);
    const progress = new Progress(request, metered.calls);
    if (missingKey(request)) {
      yield { type: "done", result: progress.failed(modelError("provider_key_missing")) };
      return;
    }
    const { signal, cancel, clear } = deadline(request.timeout_ms, request.signal);
    let failed: ModelError | undefined;
    let finished: ModelResult | undefined;
    try {
      const { library, settings, mend } = await prepare(request, metered, progress, signal);
      signal.throwIfAborted();
      const { fullStream } = library.streamText({
        ...settings,
        onStepFinish: (step) => progress.step(step),
        onError: () => {}, // arrives as a part; the default prints it
      });
      for await (const part of fullStream) {
        if (part.type === "text-delta") yield { type: "text", text: part.text };
        else if (part.type === "tool-call" && part.invalid !== true) {
          yield { type: "tool_call", id: part.toolCallId, name: part.toolName, arguments: part.input };
        } else if (part.type === "tool-result") {
          const made = progress.toolCalls.find(({ id }) => id === part.toolCallId);
          yield { type: "tool_result", id: part.toolCallId, name: part.toolName, ok: made?.outcome.ok ?? false };
        } else if (part.type === "error") failed = failure(part.error, signal);
        else if (part.type === "abort") failed = failure(undefined, signal);
      }
      if (failed === undefined) finished = await progress.finished(mend);
    } catch (error) {
      failed = failure(error, signal);
    } finally {
      // Also reached when whoever takes the pieces stops: nobody pays for the rest of that answer.
      if (failed === undefined && finished === undefined) cancel();
      clear();
      await metered.end();
    }
    const result = failed === undefined ? finished : progress.failed(failed);
    if (result !== undefined) yield { type: "done", result };
  }

  const embed: ModelInvoker["embed"] = async (request) => {
    if (missingKey(request)) return { ok: false, error: modelError("provider_key_missing"), calls: [] };
    const ends = performance.now() + request.timeout_ms;
    const { signal, clear } = deadline(request.timeout_ms, request.signal);
    const reach = (way: typeof globalThis.fetch) =>
      waitingFetch(
        parts.through?.(way) ?? way,
        () => ends - performance.now(),
        now,
        () => {},
      );
    const fetch: typeof globalThis.fetch = (input, init) => parts.outbound.fetch(input, init);
    const access = { fetch, bedrock: parts.bedrock, reach };
    return embedTexts(request, access, signal, now).finally(clear);
  };

  return { generate, stream, embed, stands_in: parts.through !== undefined };
};
