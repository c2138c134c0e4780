import type { StoredAnswer } from "./meter.ts";

/** Vectors in the form in which answers of models are kept. Pure. */

const base64 = (vector: Float32Array): string =>
  Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("base64");

function vectorOf(text: string): Float32Array {
  const bytes = Buffer.from(text, "base64");
  // A buffer's place need not be one at which numbers may lie.
  return new Float32Array(new Uint8Array(bytes).buffer);
}

export const vectorsAnswer = (vectors: readonly Float32Array[], tokens_in: number): StoredAnswer => ({
  content: vectors.map((vector) => ({ type: "text", text: base64(vector) })),
  finishReason: { unified: "stop", raw: undefined },
  usage: {
    inputTokens: { total: tokens_in, noCache: tokens_in, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 0, text: 0, reasoning: 0 },
  },
});

export const readVectors = ({
  content,
  usage,
}: StoredAnswer): { readonly vectors: readonly Float32Array[]; readonly tokens_in: number } => ({
  vectors: content.flatMap((part) => (part.type === "text" ? [vectorOf(part.text)] : [])),
  tokens_in: usage.inputTokens.total ?? 0,
});
