import type { TokenUsage } from "../../rules/prices.ts";

/** Tokens of one call to the provider. `estimated` where the provider did not say, or said what cannot be. */
export type CallUsage = TokenUsage & { readonly estimated: boolean };

/** Twice the largest window that a model may be described with: no call has more tokens. */
const MOST_TOKENS = 20_000_000;

/** Whether a provider's count can be a count of tokens: a whole number from 0 on, and not absurdly large. */
export const isCount = (count: unknown): count is number =>
  typeof count === "number" && Number.isInteger(count) && count >= 0 && count <= MOST_TOKENS;

/** About four characters a token: good enough to meter providers that count nothing. */
export const estimateTokens = (text: string): number => Math.ceil(text.length / 4);

/**
 * What a prompt may come to at worst: three bytes a token. Latin letters have more of them in a token, and most other
 * scripts about one letter of three bytes.
 */
export const worstTokens = (text: string): number => Math.ceil(Buffer.byteLength(text) / 3);

/** What a provider reports of one call; of the prompt also how much came from its cache, and how much went there. */
export interface Reported {
  readonly tokens_in: unknown;
  readonly tokens_out: unknown;
  readonly cache_read?: unknown;
  readonly cache_write?: unknown;
}

/** What a provider reported of one call, with an estimate in place of each count that is none. */
export function believedUsage(
  reported: Reported,
  texts: { readonly prompt: string; readonly answer: string },
): CallUsage {
  const { tokens_in, tokens_out } = reported;
  return {
    tokens_in: isCount(tokens_in) ? tokens_in : estimateTokens(texts.prompt),
    tokens_out: isCount(tokens_out) ? tokens_out : estimateTokens(texts.answer),
    estimated: !isCount(tokens_in) || !isCount(tokens_out),
    ...(isCount(tokens_in) ? cached(tokens_in, reported) : {}),
  };
}

/** What came from the cache and went there: parts of the prompt, or they are not believed. */
function cached(tokens_in: number, { cache_read = 0, cache_write = 0 }: Reported): Partial<CallUsage> {
  if (!isCount(cache_read) || !isCount(cache_write) || cache_read + cache_write > tokens_in) return {};
  return {
    ...(cache_read === 0 ? {} : { tokens_cache_read: cache_read }),
    ...(cache_write === 0 ? {} : { tokens_cache_write: cache_write }),
  };
}
