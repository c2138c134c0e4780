/**
 * What tokens cost. Prices are integers in micro-US-dollars per million tokens, so 3 USD per million is 3,000,000. A table is
 * never changed once it is in force: a new price is a new version, and each usage record names the version it was charged by.
 * List prices of the standard tier; discounts for batched input are not applied. Where it is not certain what a provider takes
 * for input that it has kept, it stands as other input does.
 */
export type Rates = {
  readonly input: number;
  readonly output: number;
  /** Input that the provider has kept from a call before; as other input where it is left out. */
  readonly cache_read?: number | undefined;
  /** Input that it keeps for calls to come; as other input where it is left out. */
  readonly cache_write?: number | undefined;
};

export type Price = Rates & {
  /** Some models charge the whole call more when its input is longer than this. */
  readonly long?: Rates & { readonly above_tokens: number };
};

export type PriceVersion = {
  readonly version: string;
  /** First day (UTC) on which it applies. */
  readonly effective_from: string;
  readonly prices: Readonly<Record<string, Price>>;
};

export type TokenUsage = {
  /** All of the prompt. */
  readonly tokens_in: number;
  readonly tokens_out: number;
  /** Of the prompt: what the provider has read from its cache, and what it has written to it. */
  readonly tokens_cache_read?: number | undefined;
  readonly tokens_cache_write?: number | undefined;
};

const micros = (dollars: number) => Math.round(dollars * 1_000_000);

const usd = (input: number, output: number, long?: { above_tokens: number; input: number; output: number }): Price => {
  const price = { input: micros(input), output: micros(output) };
  if (long === undefined) return price;
  return {
    ...price,
    long: { above_tokens: long.above_tokens, input: micros(long.input), output: micros(long.output) },
  };
};

const above = (above_tokens: number, input: number, output: number) => ({ above_tokens, input, output });

const openai: Readonly<Record<string, Price>> = {
  "gpt-6.1-sol": usd(2, 10, above(272_000, 4, 15)),
  "gpt-6.1-terra": usd(1, 5, above(272_000, 2, 7.5)),
  "gpt-6-luna": usd(0.1, 0.5, above(272_000, 0.2, 0.75)),
  "gpt-5.1": usd(1.25, 10),
  "gpt-5-mini": usd(0.25, 2),
  "gpt-4.1": usd(2, 8),
  "gpt-4.1-mini": usd(0.4, 1.6),
  "gpt-4o": usd(2.5, 10),
  "gpt-4o-mini": usd(0.15, 0.6),
};

const named = (provider: string, prices: Readonly<Record<string, Price>>): Record<string, Price> =>
  Object.fromEntries(Object.entries(prices).map(([name, price]) => [`${provider}/${name}`, price]));

/** Models for embeddings take for what they read; they write nothing. */
const read = (dollars: number): Price => usd(dollars, dollars);

const embeddings: Readonly<Record<string, Price>> = {
  ...named("amazon-bedrock", {
    "titan-embed-text-v2": read(0.02),
    "cohere-embed-multilingual-v3": read(0.1),
    "cohere-embed-v4": read(0.12),
  }),
  ...named("openai", { "text-embedding-3-small": read(0.02), "text-embedding-3-large": read(0.13) }),
};

const november2026: Readonly<Record<string, Price>> = {
  ...named("amazon-bedrock", {
    "claude-sonnet-5-5": usd(2, 10),
    "claude-sonnet-4-6": usd(3, 15),
    "claude-sonnet-4-5": usd(3, 15),
    "claude-haiku-4-5": usd(1, 5),
    "claude-opus-4-5": usd(5, 25),
    "nova-pro": usd(0.8, 3.2),
    "nova-lite": usd(0.06, 0.24),
    "nova-micro": usd(0.035, 0.14),
    "llama-3.3-70b": usd(0.72, 0.72),
  }),
  ...named("openai", openai),
  ...named("anthropic", {
    "claude-opus-5-5": usd(4, 20),
    "claude-sonnet-5-5": usd(2, 10),
    "claude-haiku-5-5": usd(0.1, 0.5, above(100_000, 0.5, 2.5)),
    "claude-sonnet-4-6": usd(3, 15),
    "claude-opus-4-5": usd(5, 25),
    "claude-sonnet-4-5": usd(3, 15),
    "claude-haiku-4-5": usd(1, 5),
  }),
  ...named("google", {
    "gemini-3.8-flash": usd(0.75, 3.75), // introductory, until the end of 2026
    "gemini-3.1-pro-preview": usd(2, 12, above(200_000, 4, 18)),
    "gemini-2.5-pro": usd(1.25, 10, above(200_000, 2.5, 15)),
    "gemini-2.5-flash": usd(0.3, 2.5),
    "gemini-2.5-flash-lite": usd(0.1, 0.4),
  }),
  ...named("azure", openai),
  ...embeddings,
};

/** What kept input costs, as parts of what other input does: read, and written. */
type Kept = readonly [read: number, write: number];

const kept = (price: Price, [read, write]: Kept): Price => {
  const rates = <R extends Rates>(of: R): R => ({
    ...of,
    cache_read: Math.round(of.input * read),
    cache_write: Math.round(of.input * write),
  });
  const { long } = price;
  return { ...rates(price), ...(long === undefined ? {} : { long: rates(long) }) };
};

/** Claude's are the same for every model, at Anthropic and on Bedrock; kept for five minutes. */
const CLAUDE: Kept = [0.1, 1.25];

const openaiKept: Readonly<Record<string, Kept>> = {
  "gpt-6.1-sol": [0.05, 1.25],
  "gpt-6.1-terra": [1, 1.25],
  "gpt-6-luna": [0.1, 1.25],
  "gpt-5.1": [0.1, 1],
  "gpt-5-mini": [0.1, 1],
  "gpt-4.1": [0.25, 1],
  "gpt-4.1-mini": [0.25, 1],
  "gpt-4o": [0.5, 1],
  "gpt-4o-mini": [0.5, 1],
};

function keptOf(id: string): Kept | undefined {
  const [provider, name = ""] = id.split("/");
  if (name.startsWith("claude-")) return CLAUDE;
  if (name.startsWith("nova-")) return [0.25, 1];
  return provider === "openai" || provider === "azure" ? openaiKept[name] : undefined;
}

const withKept = (prices: Readonly<Record<string, Price>>): Record<string, Price> =>
  Object.fromEntries(
    Object.entries(prices).map(([id, price]) => {
      const parts = keptOf(id);
      return [id, parts === undefined ? price : kept(price, parts)];
    }),
  );

const december2026 = withKept(november2026);

/** All versions, oldest first. */
export const priceVersions: readonly PriceVersion[] = [
  { version: "2026-11", effective_from: "2026-11-01", prices: november2026 },
  { version: "2026-12", effective_from: "2026-12-01", prices: december2026 },
  {
    version: "2027-01",
    effective_from: "2027-01-01",
    prices: { ...december2026, "google/gemini-3.8-flash": usd(1.5, 7.5) },
  },
];

/** The version in force at a time; the oldest one for times before it. */
export const priceVersionAt = (atMs: number): string => {
  const [oldest, ...later] = priceVersions;
  const current = later.filter(({ effective_from }) => Date.parse(effective_from) <= atMs).at(-1) ?? oldest;
  return current?.version ?? "";
};

/** Dollars in their millionth part times tokens in their millionth part: what is left over is rounded up. */
const million = 1_000_000n;

/**
 * The cost of one call in whole micro-US-dollars, rounded up once: a call that costs anything costs at least one, and a budget
 * is never undercounted; the error is below one millionth of a dollar for each call. Integer arithmetic throughout.
 */
export const costAtPrice = (usage: TokenUsage, price: Price): number => {
  const rates = price.long !== undefined && usage.tokens_in > price.long.above_tokens ? price.long : price;
  const { input, output, cache_read = input, cache_write = input } = rates;
  const { tokens_in, tokens_out, tokens_cache_read: read = 0, tokens_cache_write: written = 0 } = usage;
  const exact =
    BigInt(tokens_in - read - written) * BigInt(input) +
    BigInt(read) * BigInt(cache_read) +
    BigInt(written) * BigInt(cache_write) +
    BigInt(tokens_out) * BigInt(output);
  return Number((exact + million - 1n) / million);
};

/** The cost of one call of a catalogue model; undefined when the version or the model has no price. */
export const costUsdMicros = (usage: TokenUsage, modelId: string, version: string): number | undefined => {
  const table = priceVersions.find((candidate) => candidate.version === version)?.prices;
  const price = table !== undefined && Object.hasOwn(table, modelId) ? table[modelId] : undefined;
  return price === undefined ? undefined : costAtPrice(usage, price);
};

/** The cost of several calls, each rounded (and, where the model has two prices, priced) by itself, as providers do. */
export const costOfCalls = (calls: readonly TokenUsage[], modelId: string, version: string): number | undefined => {
  let total = 0;
  for (const call of calls) {
    const cost = costUsdMicros(call, modelId, version);
    if (cost === undefined) return undefined;
    total += cost;
  }
  return total;
};
