import { createHash } from "node:crypto";
import * as z from "zod";
import { countTokens, keywords } from "./words.ts";

/** The part of an OpenAI embeddings request that the scripted model understands; the rest is accepted. */
export const embeddingRequestSchema = z.looseObject({
  model: z.string().min(1),
  input: z.union([z.string(), z.array(z.string()).min(1)]),
  dimensions: z.number().int().positive().max(4_096).nullish(),
});
export type EmbeddingRequest = z.infer<typeof embeddingRequestSchema>;

const USUAL_DIMENSIONS = 256;

/** Where a word counts: the same place wherever it stands. */
const placeOf = (word: string, dimensions: number): number =>
  createHash("sha256").update(word).digest().readUInt32LE() % dimensions;

/**
 * A text as numbers: how often each word of meaning stands in it, at a place by the word's hash. So texts are the more alike the
 * more words they share, and the same text always has the same numbers.
 */
function embed(text: string, dimensions: number): number[] {
  const numbers = new Array<number>(dimensions).fill(0);
  for (const word of keywords(text)) {
    const place = placeOf(word, dimensions);
    numbers[place] = (numbers[place] ?? 0) + 1;
  }
  return numbers;
}

/** The body of an answer to a request for embeddings. */
export function embeddingsOf({ model, input, dimensions }: EmbeddingRequest): object {
  const texts = typeof input === "string" ? [input] : input;
  const tokens = texts.reduce((sum, text) => sum + countTokens(text), 0);
  return {
    object: "list",
    model,
    data: texts.map((text, index) => ({
      object: "embedding",
      index,
      embedding: embed(text, dimensions ?? USUAL_DIMENSIONS),
    })),
    usage: { prompt_tokens: tokens, total_tokens: tokens },
  };
}
