/** Which providers and models can be called. Pure data: prices stand in prices.ts under the same model ids. */
import { type EmbeddingRow, embeddingRows } from "./embeddings.ts";

export const providerIds = ["amazon-bedrock", "openai", "anthropic", "google", "azure", "openai_compatible"] as const;

export type ProviderId = (typeof providerIds)[number];

/** Guardrails of Amazon Bedrock stand before and behind the models that it serves. */
export const GUARDED_PROVIDER = "amazon-bedrock" satisfies ProviderId;

export type Provider = {
  id: ProviderId;
  display_name: string;
  /** `iam_role`: the platform's own role, no key is stored. `api_key`: the organization stores one. */
  credentials: "iam_role" | "api_key";
  /** What an organization must store beside the key. */
  required_settings: readonly ("base_url" | "resource_name")[];
};

export const providers: Readonly<Record<ProviderId, Provider>> = {
  "amazon-bedrock": {
    id: "amazon-bedrock",
    display_name: "Amazon Bedrock",
    credentials: "iam_role",
    required_settings: [],
  },
  openai: { id: "openai", display_name: "OpenAI", credentials: "api_key", required_settings: [] },
  anthropic: { id: "anthropic", display_name: "Anthropic", credentials: "api_key", required_settings: [] },
  google: { id: "google", display_name: "Google Gemini", credentials: "api_key", required_settings: [] },
  azure: { id: "azure", display_name: "Azure OpenAI", credentials: "api_key", required_settings: ["resource_name"] },
  openai_compatible: {
    id: "openai_compatible",
    display_name: "OpenAI-compatible",
    credentials: "api_key",
    required_settings: ["base_url"],
  },
};

/**
 * Whether the provider keeps the beginning of a prompt for calls to come: by itself, where it is asked to, or not at all.
 */
export const promptCaches = ["automatic", "on_request", "none"] as const;
export type PromptCache = (typeof promptCaches)[number];

/** What a model answers with: texts, or numbers that stand for what a text says. */
export const modelKinds = ["language", "embedding"] as const;
export type ModelKind = (typeof modelKinds)[number];

export type TemperatureRange = { readonly min: number; readonly max: number };

export type Model = {
  /** `<provider>/<name>`; for models that an organization configures itself `<provider_config>/<model>`. */
  id: string;
  kind: ModelKind;
  provider: ProviderId;
  /** What the provider calls it; with Azure the name of the deployment, unless the organization says otherwise. */
  provider_model_id: string;
  display_name: string;
  /** Of a model for embeddings: most tokens of one text. */
  context_window_tokens: number;
  max_output_tokens: number;
  /** Of a model for embeddings: how many numbers stand for a text; null where the server decides. */
  dimensions: number | null;
  supports: {
    tools: boolean;
    streaming: boolean;
    response_schema: boolean;
    /** Values the model takes; null when it takes none, and then none is sent. */
    temperature: TemperatureRange | null;
    prompt_cache: PromptCache;
  };
  status: "available" | "preview" | "deprecated";
};

const upTo = (max: number): TemperatureRange => ({ min: 0, max });

type Row = readonly [
  name: string,
  provider_model_id: string,
  display_name: string,
  context_window_tokens: number,
  max_output_tokens: number,
  temperature: TemperatureRange | null,
  rest?: { status?: Model["status"]; response_schema?: boolean; prompt_cache?: PromptCache },
];

const cacheOf = (name: string): PromptCache => (name.startsWith("claude-") ? "on_request" : "automatic");

const family = (provider: ProviderId, rows: readonly Row[]): Model[] =>
  rows.map(([name, providerModelId, displayName, context, output, temperature, rest = {}]) => ({
    id: `${provider}/${name}`,
    kind: "language",
    provider,
    provider_model_id: providerModelId,
    display_name: displayName,
    context_window_tokens: context,
    max_output_tokens: output,
    dimensions: null,
    supports: {
      tools: true,
      streaming: true,
      response_schema: rest.response_schema ?? true,
      temperature,
      prompt_cache: rest.prompt_cache ?? cacheOf(name),
    },
    status: rest.status ?? "available",
  }));

/** A model for embeddings says nothing: no tools, no streams, no answer's tokens. */
const SILENT = {
  tools: false,
  streaming: false,
  response_schema: false,
  temperature: null,
  prompt_cache: "none",
} as const;

const embeddings = (provider: ProviderId, rows: readonly EmbeddingRow[]): Model[] =>
  rows.map(([name, provider_model_id, display_name, context_window_tokens, dimensions]) => ({
    id: `${provider}/${name}`,
    kind: "embedding",
    provider,
    provider_model_id,
    display_name,
    context_window_tokens,
    max_output_tokens: 0,
    dimensions,
    supports: SILENT,
    status: "available",
  }));

const openaiRows: readonly Row[] = [
  ["gpt-6.1-sol", "gpt-6.1-sol", "GPT-6.1 Sol", 1_050_000, 128_000, null],
  ["gpt-6.1-terra", "gpt-6.1-terra", "GPT-6.1 Terra", 1_050_000, 128_000, null],
  ["gpt-6-luna", "gpt-6-luna", "GPT-6 Luna", 1_050_000, 128_000, null],
  ["gpt-5.1", "gpt-5.1", "GPT-5.1", 400_000, 128_000, null],
  ["gpt-5-mini", "gpt-5-mini", "GPT-5 mini", 400_000, 128_000, null],
  ["gpt-4.1", "gpt-4.1", "GPT-4.1", 1_047_576, 32_768, upTo(2)],
  ["gpt-4.1-mini", "gpt-4.1-mini", "GPT-4.1 mini", 1_047_576, 32_768, upTo(2)],
  ["gpt-4o", "gpt-4o", "GPT-4o", 128_000, 16_384, upTo(2)],
  ["gpt-4o-mini", "gpt-4o-mini", "GPT-4o mini", 128_000, 16_384, upTo(2)],
];

/**
 * Bedrock ids are inference profiles where the model is only offered through one: global ones, which every commercial region
 * takes, if there are any. A model that Bedrock does not offer in the platform's region answers `model_unavailable`.
 */
export const models: readonly Model[] = [
  ...family("amazon-bedrock", [
    [
      "claude-sonnet-5-5",
      "global.anthropic.claude-sonnet-5-5",
      "Claude Sonnet 5.5 (Bedrock)",
      1_000_000,
      128_000,
      null,
    ],
    [
      "claude-sonnet-4-6",
      "global.anthropic.claude-sonnet-4-6",
      "Claude Sonnet 4.6 (Bedrock)",
      1_000_000,
      128_000,
      upTo(1),
    ],
    [
      "claude-sonnet-4-5",
      "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
      "Claude Sonnet 4.5 (Bedrock)",
      200_000,
      64_000,
      upTo(1),
    ],
    [
      "claude-haiku-4-5",
      "global.anthropic.claude-haiku-4-5-20251001-v1:0",
      "Claude Haiku 4.5 (Bedrock)",
      200_000,
      64_000,
      upTo(1),
    ],
    [
      "claude-opus-4-5",
      "global.anthropic.claude-opus-4-5-20251101-v1:0",
      "Claude Opus 4.5 (Bedrock)",
      200_000,
      64_000,
      upTo(1),
    ],
    ["nova-pro", "amazon.nova-pro-v1:0", "Amazon Nova Pro", 300_000, 10_000, upTo(1)],
    ["nova-lite", "amazon.nova-lite-v1:0", "Amazon Nova Lite", 300_000, 10_000, upTo(1)],
    ["nova-micro", "amazon.nova-micro-v1:0", "Amazon Nova Micro", 128_000, 10_000, upTo(1)],
    [
      "llama-3.3-70b",
      "us.meta.llama3-3-70b-instruct-v1:0",
      "Llama 3.3 70B",
      128_000,
      4_096,
      upTo(1),
      { response_schema: false, prompt_cache: "none" },
    ],
  ]),
  ...family("openai", openaiRows),
  ...family("anthropic", [
    ["claude-opus-5-5", "claude-opus-5-5", "Claude Opus 5.5", 1_000_000, 128_000, null],
    ["claude-sonnet-5-5", "claude-sonnet-5-5", "Claude Sonnet 5.5", 1_000_000, 128_000, null],
    ["claude-haiku-5-5", "claude-haiku-5-5", "Claude Haiku 5.5", 1_000_000, 128_000, null],
    ["claude-sonnet-4-6", "claude-sonnet-4-6", "Claude Sonnet 4.6", 1_000_000, 128_000, upTo(1)],
    ["claude-opus-4-5", "claude-opus-4-5-20251101", "Claude Opus 4.5", 200_000, 64_000, upTo(1)],
    ["claude-sonnet-4-5", "claude-sonnet-4-5-20250929", "Claude Sonnet 4.5", 200_000, 64_000, upTo(1)],
    ["claude-haiku-4-5", "claude-haiku-4-5-20251001", "Claude Haiku 4.5", 200_000, 64_000, upTo(1)],
  ]),
  ...family("google", [
    ["gemini-3.8-flash", "gemini-3.8-flash", "Gemini 3.8 Flash", 1_048_576, 65_536, upTo(2)],
    [
      "gemini-3.1-pro-preview",
      "gemini-3.1-pro-preview",
      "Gemini 3.1 Pro",
      1_048_576,
      65_536,
      upTo(2),
      { status: "preview" },
    ],
    ["gemini-2.5-pro", "gemini-2.5-pro", "Gemini 2.5 Pro", 1_048_576, 65_536, upTo(2)],
    ["gemini-2.5-flash", "gemini-2.5-flash", "Gemini 2.5 Flash", 1_048_576, 65_536, upTo(2)],
    ["gemini-2.5-flash-lite", "gemini-2.5-flash-lite", "Gemini 2.5 Flash-Lite", 1_048_576, 65_536, upTo(2)],
  ]),
  ...family("azure", openaiRows),
  ...embeddings("amazon-bedrock", embeddingRows["amazon-bedrock"]),
  ...embeddings("openai", embeddingRows.openai),
];

const byId = new Map(models.map((model) => [model.id, model]));

/**
 * The model that an agent names: its id, or, as older definitions have it, the bare name or provider's id of a model that
 * OpenAI, Anthropic or Google offer themselves. undefined when the catalogue has none: the caller answers 422 `unknown_model`.
 */
export const findModel = (name: string): Model | undefined =>
  byId.get(name) ??
  models.find(
    ({ id, kind, provider, provider_model_id }) =>
      kind === "language" &&
      (provider === "openai" || provider === "anthropic" || provider === "google") &&
      (id === `${provider}/${name}` || provider_model_id === name),
  );

/** Where an agent starts that names no model: served by role, so it works before anybody has stored a key. */
export const defaultModelId = "amazon-bedrock/claude-sonnet-4-5";

/** A model that an organization has configured itself at an OpenAI-compatible server. */
export type CustomModel = {
  /** Name of the organization's provider configuration, a slug. */
  provider_config: string;
  provider_model_id: string;
  kind?: ModelKind | undefined;
  display_name?: string | undefined;
  context_window_tokens?: number | undefined;
  max_output_tokens?: number | undefined;
  supports?: Partial<Model["supports"]> | undefined;
};

/** Provider ids are reserved: a configuration named like one would shadow catalogue models. */
export const isProviderConfigName = (name: string): boolean =>
  /^[a-z][a-z0-9-]{1,39}$/.test(name) && !(providerIds as readonly string[]).includes(name);

/** The organization's own model in the catalogue's shape, with careful assumptions for what it has not said. */
export const customModel = (custom: CustomModel): Model => ({
  id: `${custom.provider_config}/${custom.provider_model_id}`,
  kind: custom.kind ?? "language",
  provider: "openai_compatible",
  provider_model_id: custom.provider_model_id,
  display_name: custom.display_name ?? custom.provider_model_id,
  dimensions: null,
  ...(custom.kind === "embedding"
    ? { context_window_tokens: custom.context_window_tokens ?? 8_192, max_output_tokens: 0, supports: SILENT }
    : {
        context_window_tokens: custom.context_window_tokens ?? 32_768,
        max_output_tokens: custom.max_output_tokens ?? 8_192,
        supports: {
          tools: true,
          streaming: true,
          response_schema: false,
          temperature: upTo(2),
          prompt_cache: "automatic",
          ...custom.supports,
        },
      }),
  status: "available",
});

/** A temperature the model takes: clamped into its range, undefined when it takes none or none is asked for. */
export const clampTemperature = (model: Model, temperature: number | undefined): number | undefined => {
  const range = model.supports.temperature;
  if (range === null || temperature === undefined) return undefined;
  return Math.min(Math.max(temperature, range.min), range.max);
};

/** A limit for the answer's tokens: 0 or none means the provider's default (undefined), more than the model can is cut. */
export const clampMaxTokens = (model: Model, maxTokens: number | undefined): number | undefined =>
  maxTokens === undefined || maxTokens <= 0 ? undefined : Math.min(maxTokens, model.max_output_tokens);
