import type { LanguageModelMiddleware } from "ai";
import { parseForeignJson } from "../../../shared/json.ts";
import { asCall } from "../../../shared/outbound/trace.ts";
import { wellFormed } from "../../../shared/text.ts";
import { responseModel } from "../../../shared/tracing/inner.ts";
import { believedUsage, type CallUsage, worstTokens } from "./rules/counts.ts";
import { CallRefused, KnownFailure, type ModelError, toModelError } from "./rules/errors.ts";

type Wrapped = Required<Pick<LanguageModelMiddleware, "wrapGenerate" | "wrapStream" | "transformParams">>;
type Params = Parameters<Wrapped["wrapGenerate"]>[0]["params"];
type Generated = Awaited<ReturnType<Wrapped["wrapGenerate"]>>;
type Streamed = Awaited<ReturnType<Wrapped["wrapStream"]>>;
type Part = Streamed["stream"] extends ReadableStream<infer P> ? P : never;
type Reported = Generated["usage"];

/** What a provider answered to one call, as JSON: enough to go on as if it had just answered. */
export type StoredAnswer = Pick<Generated, "content" | "finishReason" | "usage" | "providerMetadata">;

/** One call to a provider that has been let through. */
export interface OpenCall {
  /** What an earlier attempt of the same work got for the same call: the provider is not asked again. */
  readonly found?: StoredAnswer | undefined;
  /** Why the call is not made, where the budget of its run has no room for it. */
  readonly refused?: Pick<CallRefused, "code" | "message"> | undefined;
  /** The failure that it meets in place of an answer: the provider is not asked. */
  readonly fails?: ModelError | undefined;
  /** Most tokens of the answer; undefined where nothing limits it but the request. */
  readonly max_tokens?: number | undefined;
  /**
   * Records what was used, once; undefined when the provider was not reached. `failure` is why there is no answer. Never throws.
   * @param waited_ms of a call that was ended by us: how long ago the provider was asked last
   */
  close(usage: CallUsage | undefined, answer?: StoredAnswer, failure?: ModelError, waited_ms?: number): Promise<void>;
}

/** Stands before and behind every call to a provider: the quota before, the ledger after. */
export interface CallMeter {
  /**
   * @param call number of the call within its work, from 1; what it may come to at worst in tokens
   * @throws Problem `quota_exceeded`, or `service_unavailable` when the quota cannot be asked
   */
  open(call: {
    readonly number: number;
    readonly tokens_in: number;
    readonly tokens_out: number | undefined;
    /** What is asked, for who tells calls by that: JSON, the same for the same request. */
    readonly request: object;
  }): Promise<OpenCall>;
  /** What `open` would find for the call of this number, without opening one. */
  kept?(number: number): Promise<StoredAnswer | undefined>;
}

/** For calls that nobody pays for: tests of the invoker. */
export const unmetered: CallMeter = { open: async () => ({ close: async () => {} }) };

/** Everything of a prompt that costs tokens, as one text. */
function promptText({ prompt, tools, responseFormat }: Params): string {
  const parts: string[] = [];
  for (const { content } of prompt) {
    if (typeof content === "string") parts.push(content);
    else {
      for (const part of content) {
        if (part.type === "text" || part.type === "reasoning") parts.push(part.text);
        else if (part.type === "tool-call") parts.push(JSON.stringify(part.input) ?? "");
        else if (part.type === "tool-result") parts.push(JSON.stringify(part.output) ?? "");
      }
    }
  }
  if (tools !== undefined && tools.length > 0) parts.push(JSON.stringify(tools));
  if (responseFormat?.type === "json" && responseFormat.schema !== undefined)
    parts.push(JSON.stringify(responseFormat.schema));
  return parts.join("\n");
}

/** What of a call is the request itself. */
const requestOf = ({ prompt, tools, toolChoice, responseFormat, temperature, maxOutputTokens }: Params): object => ({
  prompt,
  tools,
  toolChoice,
  responseFormat,
  temperature,
  maxOutputTokens,
});

const answerText = (content: Generated["content"]): string =>
  content
    .map((part) => {
      if (part.type === "text" || part.type === "reasoning") return part.text;
      return part.type === "tool-call" ? part.input : "";
    })
    .join("\n");

/** Arguments of a tool call as the model wrote them: a number that cannot be kept goes on as text, never as another. */
const keptInput = (input: string): string => {
  try {
    return JSON.stringify(parseForeignJson(input));
  } catch {
    return input; // broken arguments are told to the model by the library
  }
};

/** Why a call has no answer. */
const failureOf = ({ abortSignal }: Params, error: unknown): ModelError =>
  toModelError(abortSignal?.aborted ? abortSignal.reason : error, Date.now());

const usageOf = ({ inputTokens, outputTokens }: Reported, prompt: string, answer: string): CallUsage =>
  believedUsage(
    {
      tokens_in: inputTokens.total,
      tokens_out: outputTokens.total,
      cache_read: inputTokens.cacheRead,
      cache_write: inputTokens.cacheWrite,
    },
    { prompt, answer },
  );

export interface MeteredCalls {
  readonly middleware: Wrapped & { readonly specificationVersion: "v3" };
  /** Told by the connection: the provider is asked, the first time or once more. */
  sent(): void;
  /** Told by the connection: the provider has begun to answer, so the call is paid for. */
  answered(): void;
  /** What the calls so far have used. */
  readonly calls: readonly CallUsage[];
  /**
   * To be awaited when no more of the answer will be read: closes the call that is still open. A stream that is stopped while
   * a piece of it is under way is read no further by the library, and nothing in it is told.
   */
  end(): Promise<void>;
  /** Number of the call that is made now, from 1: the same for a request that is sent again, and for a repetition of the work. */
  number(): number;
}

/**
 * Wraps a model so that each call passes the meter, whoever makes it and however it ends: tokens are reserved before, and
 * what was used is recorded before anything is done with the answer. Prompts are made well-formed on the way out.
 * @param key of the request: with its number it tells a call from all others of the same work
 */
export function meteredCalls(meter: CallMeter, key: string): MeteredCalls {
  const calls: CallUsage[] = [];
  let number = 0;
  let answered = false;
  let sent_at: number | undefined;
  let end = async (): Promise<void> => {};

  const openOne = async (params: Params) => {
    number += 1;
    answered = false;
    sent_at = undefined;
    const prompt = promptText(params);
    const call = await meter.open({
      number,
      tokens_in: worstTokens(prompt),
      tokens_out: params.maxOutputTokens,
      request: requestOf(params),
    });
    if (call.refused !== undefined) throw new CallRefused(call.refused);
    const bounded = call.max_tokens === undefined ? params : { ...params, maxOutputTokens: call.max_tokens };
    /** What has come of the answer, and why no more of it will. */
    const came: { text: string; broken?: unknown } = { text: "" };
    let closed: Promise<void> | undefined;
    const close: OpenCall["close"] = (usage, answer, failure, waited_ms) => {
      closed ??= (async () => {
        if (usage !== undefined) calls.push(usage);
        if (call.found === undefined) await call.close(usage, answer, failure, waited_ms);
      })();
      return closed;
    };
    /** A call that broke off: paid for when the provider had begun to answer. */
    const closeBroken = () => {
      const stopped = params.abortSignal?.aborted === true;
      const told = { tokens_in: undefined, tokens_out: undefined };
      return close(
        answered ? believedUsage(told, { prompt, answer: came.text }) : undefined,
        undefined,
        came.broken === undefined && !stopped ? undefined : failureOf(params, came.broken),
        stopped ? performance.now() - (sent_at ?? performance.now()) : undefined,
      );
    };
    return { found: call.found, fails: call.fails, prompt, bounded, came, close, closeBroken };
  };

  const open = (params: Params) => {
    const opening = openOne(params);
    end = () =>
      opening.then(
        ({ closeBroken }) => closeBroken(),
        () => {}, // was not opened
      );
    return opening;
  };

  const wrapGenerate: Wrapped["wrapGenerate"] = async ({ model, params }) => {
    const call = await open(params);
    let result: Generated;
    try {
      if (call.fails !== undefined) throw new KnownFailure(call.fails);
      result =
        call.found === undefined
          ? await asCall(
              { operation: "chat", name: model.modelId, provider: model.provider, key: `${key}-${number}` },
              () => model.doGenerate(call.bounded),
              ({ usage, content, response }) => {
                const { estimated: _, ...counted } = usageOf(usage, call.prompt, answerText(content));
                return { usage: counted, response_model: responseModel(response?.modelId) };
              },
              (error) => failureOf(params, error).code,
            )
          : { ...call.found, warnings: [] };
    } catch (error) {
      call.came.broken = error;
      await call.closeBroken();
      throw error;
    }
    const content = result.content.map((part) =>
      part.type === "tool-call" ? { ...part, input: keptInput(part.input) } : part,
    );
    const { finishReason, usage, providerMetadata } = result;
    await call.close(usageOf(usage, call.prompt, answerText(content)), {
      content,
      finishReason,
      usage,
      ...(providerMetadata === undefined ? {} : { providerMetadata }),
    });
    return { ...result, content };
  };

  async function* parts(stream: ReadableStream<Part>, call: Awaited<ReturnType<typeof open>>): AsyncGenerator<Part> {
    const { came } = call;
    try {
      for await (const part of stream) {
        if (part.type === "text-delta" || part.type === "reasoning-delta" || part.type === "tool-input-delta")
          came.text += part.delta;
        if (part.type === "error") came.broken = part.error;
        if (part.type === "finish") {
          const failure = came.broken === undefined ? undefined : toModelError(came.broken, Date.now());
          await call.close(usageOf(part.usage, call.prompt, came.text), undefined, failure);
        }
        yield part.type === "tool-call" ? { ...part, input: keptInput(part.input) } : part;
      }
    } catch (error) {
      came.broken = error;
      throw error;
    } finally {
      // Broken off, or the reader has left.
      await call.closeBroken();
    }
  }

  const wrapStream: Wrapped["wrapStream"] = async ({ model, params }) => {
    const call = await open(params);
    try {
      if (call.fails !== undefined) throw new KnownFailure(call.fails);
      const streamed = await model.doStream(call.bounded);
      return { ...streamed, stream: ReadableStream.from(parts(streamed.stream, call)) };
    } catch (error) {
      call.came.broken = error;
      await call.closeBroken();
      throw error;
    }
  };

  return {
    calls,
    number: () => number,
    end: () => end(),
    sent: () => {
      sent_at = performance.now();
    },
    answered: () => {
      answered = true;
    },
    middleware: {
      specificationVersion: "v3",
      transformParams: async ({ params }) => ({ ...params, prompt: wellFormed(params.prompt) }),
      wrapGenerate,
      wrapStream,
    },
  };
}
