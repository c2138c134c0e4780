import * as z from "zod";
import { nameSchema } from "../../shared/http/schemas.ts";
import {
  type CustomModel,
  customModel,
  findModel,
  isProviderConfigName,
  type Model,
  modelKinds,
  models,
  type ProviderId,
  promptCaches,
  providerIds,
  providers,
} from "./rules/catalogue.ts";

import { type Price, priceVersionAt, priceVersions } from "./rules/prices.ts";

/** Limits of an organization's own configurations. */
export const modelLimits = { models_per_provider: 50, api_key: 4_000, model_name: 120 } as const;

/** Prices in micro-US-dollars per million tokens: 3 USD per million is 3,000,000. At most 10,000 USD. */
const rate = z.int().min(0).max(10_000_000_000);
const keptRate = rate.optional();

export const tokenPriceSchema = z.strictObject({
  input: rate,
  output: rate,
  cache_read: keptRate.meta({ description: "Input from the provider's cache; left out, as other input." }),
  cache_write: keptRate.meta({ description: "Input that goes into the provider's cache; left out, as other input." }),
});

export const modelKindSchema = z.enum(modelKinds).meta({
  id: "ModelKind",
  description: "`language`: answers messages. `embedding`: turns texts into numbers, by which contexts are searched.",
});

const temperatureRange = z
  .strictObject({ min: z.number().min(0).max(2), max: z.number().min(0).max(2) })
  .refine(({ min, max }) => min <= max, "min must not be above max");

/** One model at an OpenAI-compatible server, as the organization describes it. */
export const customModelSchema = z
  .strictObject({
    name: z
      .string()
      .max(modelLimits.model_name)
      .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]*$/, "must be letters, digits, dots, colons, dashes and underscores")
      .meta({ description: "The model's id is `<provider>/<name>`." }),
    provider_model_id: z
      .string()
      .min(1)
      .max(200)
      .regex(/^[\x21-\x7e]+$/, "must be printable ASCII without spaces")
      .meta({ description: "What the server calls it." }),
    kind: modelKindSchema.optional().meta({ description: "Left out: a language model." }),
    display_name: nameSchema.optional(),
    context_window_tokens: z.int().min(512).max(10_000_000).optional(),
    max_output_tokens: z.int().min(1).max(10_000_000).optional(),
    supports: z
      .strictObject({
        tools: z.boolean().optional(),
        streaming: z.boolean().optional(),
        response_schema: z.boolean().optional(),
        temperature: temperatureRange.nullable().optional(),
      })
      .optional(),
    price: tokenPriceSchema.meta({ description: "Micro-US-dollars per million tokens; 0 where calls cost nothing." }),
  })
  .meta({ id: "CustomModel" });
export type OwnModel = z.output<typeof customModelSchema>;

const providerTypeSchema = z.enum(providerIds).meta({ id: "ProviderType" });

/** A provider as the organization has configured it, without its key. */
export const providerSettingsSchema = z.object({
  name: z.string(),
  type: providerTypeSchema,
  display_name: z.string(),
  base_url: z.string().nullable(),
  resource_name: z.string().nullable().meta({ description: "Azure only." }),
  api_version: z.string().nullable().meta({ description: "Azure only." }),
  deployment: z
    .string()
    .nullable()
    .meta({ description: "Azure only: the deployment, where it is not named like the model." }),
  api_key_last4: z
    .string()
    .nullable()
    .meta({ description: "The last 4 characters of the stored key; empty for a very short key, null without one." }),
  models: z.array(customModelSchema),
  updated_at: z.string(),
});
export type ProviderSettings = z.output<typeof providerSettingsSchema>;

export const modelViewSchema = z
  .object({
    id: z.string().meta({ example: "amazon-bedrock/claude-sonnet-4-5" }),
    provider: z.string().meta({ description: "Name of the provider configuration that serves it." }),
    provider_type: providerTypeSchema,
    kind: modelKindSchema,
    provider_model_id: z.string(),
    display_name: z.string(),
    context_window_tokens: z.int(),
    max_output_tokens: z.int(),
    dimensions: z.int().nullable().meta({
      description: "Of a model for embeddings: how many numbers stand for a text; null where the server decides.",
    }),
    supports: z.object({
      tools: z.boolean(),
      streaming: z.boolean(),
      response_schema: z.boolean(),
      temperature: z.object({ min: z.number().min(0).max(2), max: z.number().min(0).max(2) }).nullable(),
      prompt_cache: z.enum(promptCaches).meta({
        id: "ModelPromptCache",
        description:
          "Whether the provider keeps the beginning of a prompt for calls to come: by itself, where the agent asks for it (`cache_prompt`), or not at all.",
      }),
    }),
    status: z.enum(["available", "preview", "deprecated"]),
    source: z.enum(["catalogue", "organization"]),
    configured: z.boolean().meta({ description: "Whether the organization can call it now." }),
    price: tokenPriceSchema
      .extend({
        version: z.string(),
        long: tokenPriceSchema.extend({ above_tokens: z.int() }).optional(),
      })
      .nullable()
      .meta({ description: "Micro-US-dollars per million tokens." }),
  })
  .meta({ id: "Model", description: "A model that agents can use." });
export type ModelView = z.output<typeof modelViewSchema>;

/** What a call of a model costs, and by which table. */
export interface ModelPrice extends Price {
  readonly version: string;
}

/** A model as one organization can use it. */
export interface ResolvedModel {
  readonly model: Model;
  /** Name of the provider configuration that serves it; for catalogue models the provider's id. */
  readonly provider: string;
  readonly source: "catalogue" | "organization";
  /** Whether what is needed to call it is stored. */
  readonly configured: boolean;
  readonly price: ModelPrice | null;
}

/** Providers that an organization configures under their own id. */
export const isKeyedProvider = (name: string): name is Exclude<ProviderId, "amazon-bedrock" | "openai_compatible"> =>
  Object.hasOwn(providers, name) && name !== "amazon-bedrock" && name !== "openai_compatible";

export const isProviderName = (name: string): boolean => isKeyedProvider(name) || isProviderConfigName(name);

export const providerOfModelId = (model_id: string): string => model_id.slice(0, Math.max(0, model_id.indexOf("/")));

/** Whether a provider can be called with what is stored. */
export const isConfigured = (type: ProviderId, settings: ProviderSettings | undefined): boolean =>
  type === "amazon-bedrock" ||
  (settings !== undefined && (type === "openai_compatible" || settings.api_key_last4 !== null));

const cataloguePrice = (model_id: string, at: Date): ModelPrice | null => {
  const version = priceVersionAt(at.getTime());
  const price = priceVersions.find((candidate) => candidate.version === version)?.prices[model_id];
  return price === undefined ? null : { ...price, version };
};

const catalogueEntry = (model: Model, settings: ProviderSettings | undefined, at: Date): ResolvedModel => ({
  model,
  provider: model.provider,
  source: "catalogue",
  configured: isConfigured(model.provider, settings),
  price: cataloguePrice(model.id, at),
});

/** An organization's own prices are named by the configuration and the time at which it was stored. */
const ownEntry = (settings: ProviderSettings, own: OwnModel): ResolvedModel => {
  const described: CustomModel = {
    provider_config: settings.name,
    provider_model_id: own.provider_model_id,
    kind: own.kind,
    display_name: own.display_name ?? own.name,
    context_window_tokens: own.context_window_tokens,
    max_output_tokens: own.max_output_tokens,
    ...(own.supports === undefined ? {} : { supports: definedOnly(own.supports) }),
  };
  return {
    model: { ...customModel(described), id: `${settings.name}/${own.name}` },
    provider: settings.name,
    source: "organization",
    configured: isConfigured("openai_compatible", settings),
    price: { ...own.price, version: `${settings.name}@${settings.updated_at}` },
  };
};

const definedOnly = (supports: NonNullable<OwnModel["supports"]>): Partial<Model["supports"]> =>
  Object.fromEntries(Object.entries(supports).filter(([, value]) => value !== undefined));

/** Everything an organization can name, sorted by id. */
export const listModels = (stored: readonly ProviderSettings[], at: Date): ResolvedModel[] => {
  const byName = new Map(stored.map((settings) => [settings.name, settings]));
  return [
    ...models.map((model) => catalogueEntry(model, byName.get(model.provider), at)),
    ...stored.flatMap((settings) => settings.models.map((own) => ownEntry(settings, own))),
  ].sort((a, b) => (a.model.id < b.model.id ? -1 : 1));
};

/** Which provider configuration has to be read to resolve a model id; undefined when no model can have it. */
export const providerToRead = (model_id: string): string | undefined => {
  const known = findModel(model_id);
  if (known !== undefined) return known.provider;
  const name = providerOfModelId(model_id);
  return isProviderConfigName(name) ? name : undefined;
};

/** The model that an id names for this organization, given its provider's stored configuration. */
export const resolveWith = (
  model_id: string,
  settings: ProviderSettings | undefined,
  at: Date,
): ResolvedModel | undefined => {
  const known = findModel(model_id);
  if (known !== undefined) return catalogueEntry(known, settings, at);
  const own = settings?.models.find(({ name }) => `${settings.name}/${name}` === model_id);
  return settings === undefined || own === undefined ? undefined : ownEntry(settings, own);
};

export const modelView = ({ model, provider, source, configured, price }: ResolvedModel): ModelView => ({
  ...model,
  provider,
  provider_type: model.provider,
  source,
  configured,
  price,
});
