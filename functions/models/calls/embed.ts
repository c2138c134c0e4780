import { Problem } from "../../../shared/errors.ts";
import type { Model } from "../rules/catalogue.ts";
import { embeddingModel, type ModelConnection, type ProviderAccess } from "./connect.ts";
import type { Purpose } from "./lazy/embedding.ts";
import type { CallMeter } from "./meter.ts";
import { type CallUsage, estimateTokens, isCount, worstTokens } from "./rules/counts.ts";
import { CallRefused, KnownFailure, type ModelError, modelError, toModelError } from "./rules/errors.ts";
import { readVectors, vectorsAnswer } from "./vectors.ts";

/** Texts of one metered call: what Cohere takes in one request. Who takes fewer is sent several, some side by side. */
export const TEXTS_PER_CALL = 96;
const SIDE_BY_SIDE = 8;
/** What servers of the organization's own take in one request where nobody has set them otherwise. */
const COMPATIBLE_TEXTS = 32;

export interface EmbeddingRequest {
  readonly model: Model;
  readonly connection: ModelConnection;
  readonly purpose: Purpose;
  /** At most {@link TEXTS_PER_CALL}. */
  readonly texts: readonly [string, ...string[]];
  /** Number of the call within its work, from 1. */
  readonly number: number;
  readonly timeout_ms: number;
  readonly signal?: AbortSignal | undefined;
  /** Stands before and behind the call. */
  readonly meter: CallMeter;
}

export type EmbeddingResult =
  | {
      readonly ok: true;
      /** One for each text, each of length 1: the cosine of two is their product. */
      readonly vectors: readonly Float32Array[];
      readonly calls: readonly CallUsage[];
    }
  | {
      readonly ok: false;
      readonly error: ModelError;
      readonly calls: readonly CallUsage[];
      /** What was answered nevertheless, and is paid for, by its text. */
      readonly answered?: ReadonlyMap<string, Float32Array> | undefined;
    };

/** What the calls of one request have come to so far. */
class Counted {
  #tokens = 0;
  #estimated = false;
  #texts = 0;

  add(texts: readonly string[], tokens: unknown): void {
    this.#texts += texts.length;
    if (isCount(tokens)) this.#tokens += tokens;
    else {
      this.#estimated = true;
      this.#tokens += texts.reduce((sum, text) => sum + estimateTokens(text), 0);
    }
  }

  /** undefined where nobody has answered. */
  usage(): CallUsage | undefined {
    if (this.#texts === 0) return undefined;
    return { tokens_in: this.#tokens, tokens_out: 0, estimated: this.#estimated };
  }
}

/**
 * One metered call for embeddings: reserved before, recorded when it ends, found again where its answer was kept. Failures are
 * values; throws only what the meter cannot do.
 */
export async function embedTexts(
  { model, connection, purpose, texts, number, meter }: EmbeddingRequest,
  access: ProviderAccess,
  signal: AbortSignal,
  now: () => number,
): Promise<EmbeddingResult> {
  const calls: CallUsage[] = [];
  const failed = (error: unknown): EmbeddingResult => {
    if (error instanceof Problem && error.code !== "quota_exceeded") throw error;
    return { ok: false, error: toModelError(signal.aborted ? signal.reason : error, now()), calls };
  };
  const opened = await meter
    .open({
      number,
      tokens_in: worstTokens(texts.join("\n")),
      tokens_out: 0,
      request: { embed: texts, purpose, dimensions: model.dimensions },
    })
    .catch(failed);
  if ("ok" in opened) return opened;
  if (opened.refused !== undefined) return failed(new CallRefused(opened.refused));
  if (opened.found !== undefined) {
    const found = readVectors(opened.found);
    calls.push({ tokens_in: found.tokens_in, tokens_out: 0, estimated: false });
    return { ok: true, vectors: found.vectors, calls };
  }
  const counted = new Counted();
  const end = async (vectors: readonly Float32Array[] | undefined, error?: ModelError) => {
    const usage = counted.usage();
    if (usage !== undefined) calls.push(usage);
    // Numbers of passages are kept where they are searched; those of a question with its work.
    const answer =
      vectors !== undefined && purpose === "query" ? vectorsAnswer(vectors, usage?.tokens_in ?? 0) : undefined;
    await opened.close(usage, answer, error);
  };
  try {
    if (opened.fails !== undefined) {
      await end(undefined, opened.fails);
      return { ok: false, error: opened.fails, calls };
    }
    const asked = await askedFor({ model, connection, purpose, texts }, access, signal, counted);
    const vectors = texts.map((text) => asked.answered.get(text));
    if (vectors.every((vector) => vector !== undefined)) {
      await end(vectors);
      return { ok: true, vectors, calls };
    }
    const result = failed(asked.error);
    if (result.ok) throw new Error("a failure");
    await end(undefined, result.error);
    return { ...result, answered: asked.answered };
  } catch (error) {
    const result = failed(error);
    await end(undefined, result.ok ? undefined : result.error);
    return result;
  }
}

/** What a provider answered that is not what it was asked for. */
class Unusable extends KnownFailure {
  constructor() {
    super(modelError("model_answer_invalid"));
  }
}

/**
 * Asks for each text, in as many requests as the provider wants. After one that fails no other begins; those under way are waited
 * for, since they are paid for.
 */
async function askedFor(
  { model, connection, purpose, texts }: Pick<EmbeddingRequest, "model" | "connection" | "purpose" | "texts">,
  access: ProviderAccess,
  signal: AbortSignal,
  counted: Counted,
): Promise<{ readonly answered: ReadonlyMap<string, Float32Array>; readonly error: unknown }> {
  // With the provider's package: who embeds nothing does not read it at its start.
  const [{ embeddingOptions, middleOf, partsWithin, unitVectors }, plain] = await Promise.all([
    import("./lazy/embedding.ts"),
    embeddingModel(model, connection, access),
  ]);
  if (plain === undefined) throw new Error("a provider without embeddings");
  const providerOptions = embeddingOptions(model, purpose);
  const most =
    connection.provider === "openai_compatible" ? COMPATIBLE_TEXTS : ((await plain.maxEmbeddingsPerCall) ?? 1);
  const parts = new Map(texts.map((text) => [text, partsWithin(text.toWellFormed(), model.context_window_tokens)]));
  const values = [...new Set([...parts.values()].flat())];
  const vectors = new Map<string, Float32Array>();
  const failures: unknown[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    while (next < values.length && failures.length === 0) {
      const some = values.slice(next, next + most);
      next += most;
      try {
        signal.throwIfAborted();
        const { embeddings, usage } = await plain.doEmbed({ values: some, abortSignal: signal, providerOptions });
        counted.add(some, usage?.tokens);
        const answer = unitVectors(embeddings, some.length, model.dimensions);
        if (answer === undefined) throw new Unusable();
        some.forEach((value, i) => {
          const vector = answer[i];
          if (vector !== undefined) vectors.set(value, vector);
        });
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: SIDE_BY_SIDE }, work));
  // A server that decides how many numbers it gives has to decide the same for all.
  const sizes = new Set([...vectors.values()].map(({ length }) => length));
  if (sizes.size > 1) return { answered: new Map(), error: new Unusable() };
  const answered = new Map<string, Float32Array>();
  for (const [text, its] of parts) {
    const known = its.flatMap((part) => {
      const vector = vectors.get(part);
      return vector === undefined ? [] : [{ text: part, vector }];
    });
    if (known.length === its.length) answered.set(text, middleOf(known));
  }
  return { answered, error: failures[0] };
}
