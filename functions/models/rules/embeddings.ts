/** Models that turn texts into numbers, by which what is alike in meaning is found. Pure data. */

export type EmbeddingRow = readonly [
  name: string,
  provider_model_id: string,
  display_name: string,
  context_window_tokens: number,
  dimensions: number,
];

/**
 * Where a model lets its caller choose how many numbers it gives, it is asked for 512: an index of half the size finds nearly
 * the same as one of 1,024 (AWS names 99 % for Titan).
 */
const CHOSEN = 512;

export const embeddingRows = {
  "amazon-bedrock": [
    ["titan-embed-text-v2", "amazon.titan-embed-text-v2:0", "Titan Text Embeddings V2", 8_192, CHOSEN],
    ["cohere-embed-multilingual-v3", "cohere.embed-multilingual-v3", "Cohere Embed Multilingual v3", 512, 1_024],
    ["cohere-embed-v4", "global.cohere.embed-v4:0", "Cohere Embed v4", 128_000, CHOSEN],
  ],
  openai: [
    ["text-embedding-3-small", "text-embedding-3-small", "Text Embedding 3 small", 8_191, CHOSEN],
    ["text-embedding-3-large", "text-embedding-3-large", "Text Embedding 3 large", 8_191, CHOSEN],
  ],
} as const satisfies Readonly<Record<string, readonly EmbeddingRow[]>>;
