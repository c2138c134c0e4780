/** What is asked of models for embeddings, and what is made of their answers. Pure. */
import type { Model } from "../../rules/catalogue.ts";

/** What the texts are: models know passages from the questions about them. */
export type Purpose = "document" | "query";

/** What each family of models calls its settings. The library takes those of its own provider and looks past the others. */
export function embeddingOptions({ dimensions, provider_model_id }: Model, purpose: Purpose) {
  if (dimensions === null) return {};
  const inputType = purpose === "query" ? ("search_query" as const) : ("search_document" as const);
  // The third generation has one size. The fourth calls the places to cut otherwise, and its window is longer than any text.
  const cohere = provider_model_id.includes("embed-v4")
    ? { inputType, outputDimension: dimensions }
    : { inputType, truncate: "END" as const };
  const titan = { dimensions, normalize: true };
  return { openai: { dimensions }, bedrock: provider_model_id.includes("cohere.") ? cohere : titan };
}

/** A word that is longer, or has digits, is no word of a language: each of its characters may be a token. */
const LONGEST_WORD = 30;

/**
 * What a text may come to in tokens: words by three bytes a token, signs by themselves, and numbers, keys and the like by the
 * character.
 */
export function mostTokens(text: string): number {
  let bytes = 0;
  let signs = 2; // the marks at both ends
  for (const [word] of text.matchAll(/\S+/g)) {
    const characters = [...word].length;
    if (characters > LONGEST_WORD || /\p{N}/u.test(word)) signs += characters;
    else {
      const letters = word.replaceAll(/[^\p{L}\p{M}]/gu, "");
      bytes += Buffer.byteLength(letters);
      signs += characters - [...letters].length;
    }
  }
  return signs + Math.ceil(bytes / 3);
}

/** A text in parts of which each is within a window of so many tokens: one, unless it has much that is no language. */
export function partsWithin(text: string, window: number): string[] {
  if (text.length < 2 || mostTokens(text) <= window) return [text];
  const middle = Math.ceil(text.length / 2);
  const space = text.lastIndexOf(" ", middle);
  const before = text.codePointAt(middle - 1) ?? 0;
  const at = space > middle / 2 ? space : middle + (before > 0xff_ff ? 1 : 0);
  return [text.slice(0, at), text.slice(at)].flatMap((half) => (half.trim() === "" ? [] : partsWithin(half, window)));
}

/** A vector of length 1; one that is all zero stays so: it is like nothing. */
function unit(numbers: readonly number[]): Float32Array {
  const length = Math.hypot(...numbers);
  return Float32Array.from(numbers, (value) => (length === 0 ? 0 : value / length));
}

/** Vectors of length 1; undefined where what was answered are no such numbers. */
export function unitVectors(
  embeddings: readonly (readonly number[])[],
  wanted: number,
  dimensions: number | null,
): readonly Float32Array[] | undefined {
  const size = dimensions ?? embeddings[0]?.length ?? 0;
  const fits = (one: readonly number[]) => one.length === size && one.every(Number.isFinite);
  if (size === 0 || embeddings.length !== wanted || !embeddings.every(fits)) return undefined;
  return embeddings.map(unit);
}

/** What stands for a text that was asked for in parts: their middle, the longer part weighing more. */
export function middleOf(parts: readonly { readonly text: string; readonly vector: Float32Array }[]): Float32Array {
  const [first] = parts;
  if (first === undefined || parts.length === 1) return first?.vector ?? new Float32Array();
  return unit(
    Array.from(first.vector, (_, i) =>
      parts.reduce((sum, { text, vector }) => sum + (vector[i] ?? 0) * text.length, 0),
    ),
  );
}
