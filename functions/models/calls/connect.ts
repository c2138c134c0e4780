import type { wrapEmbeddingModel, wrapLanguageModel } from "ai";
import type { Model } from "../rules/catalogue.ts";

/** How to reach a model's provider for one organization. Keys arrive decrypted and stay in memory. */
export type ModelConnection =
  | { provider: "amazon-bedrock" }
  | { provider: "openai" | "anthropic" | "google"; api_key: string; base_url?: string | undefined }
  | {
      provider: "azure";
      api_key: string;
      resource_name: string;
      api_version?: string | undefined;
      /** Name of the deployment where it is not the model's name. */
      deployment?: string | undefined;
      base_url?: string | undefined;
    }
  | {
      provider: "openai_compatible";
      /** Name of the organization's provider configuration. */
      name: string;
      base_url: string;
      /** Some servers inside a company want none. */
      api_key?: string | undefined;
    };

export type BedrockAccess = {
  region: string;
  /** Another endpoint than AWS's own, for a local one. */
  endpoint?: string | undefined;
  /** Where the signing keys come from; without it the function's role, by the environment that Lambda sets. */
  credentials?:
    | (() => PromiseLike<{ accessKeyId: string; secretAccessKey: string; sessionToken?: string | undefined }>)
    | undefined;
};

/** Calls to AWS itself: never redirected, signed with our role, so not for the guarded client. */
const awsFetch: typeof globalThis.fetch = (input, init) => globalThis.fetch(input, { ...init, redirect: "manual" });

const keyed = (key: string, baseUrl: string | undefined, fetch: typeof globalThis.fetch) => ({
  apiKey: key,
  fetch,
  ...(baseUrl === undefined ? {} : { baseURL: baseUrl }),
});

type LanguageModel = Parameters<typeof wrapLanguageModel>[0]["model"];
type EmbeddingModel = Exclude<Parameters<typeof wrapEmbeddingModel>[0]["model"], { specificationVersion: "v2" }>;

/** By which ways providers are reached. */
export interface ProviderAccess {
  readonly fetch: typeof globalThis.fetch;
  readonly bedrock: BedrockAccess;
  /** Wraps whichever way leads to the provider. */
  readonly reach: (way: typeof globalThis.fetch) => typeof globalThis.fetch;
}

const bedrockProvider = async ({ bedrock, reach }: ProviderAccess) => {
  const { createAmazonBedrock } = await import("./lazy/amazon-bedrock.ts");
  const { credentials, endpoint, region } = bedrock;
  return createAmazonBedrock({
    region,
    fetch: reach(awsFetch),
    ...(endpoint === undefined ? {} : { baseURL: endpoint }),
    ...(credentials === undefined
      ? {}
      : {
          credentialProvider: async () => {
            const { accessKeyId, secretAccessKey, sessionToken } = await credentials();
            return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
          },
        }),
  });
};

type Fetch = ReturnType<ProviderAccess["reach"]>;
type CompatibleConnection = Extract<ModelConnection, { readonly provider: "openai_compatible" }>;

const openaiProvider = async (
  { api_key, base_url }: { readonly api_key: string; readonly base_url?: string | undefined },
  fetch: Fetch,
) => {
  const { createOpenAI } = await import("./lazy/openai.ts");
  return createOpenAI(keyed(api_key, base_url, fetch));
};

const compatibleProvider = async ({ name, base_url, api_key }: CompatibleConnection, fetch: Fetch, more = {}) => {
  const { createOpenAICompatible } = await import("./lazy/openai-compatible.ts");
  const key = api_key === undefined ? {} : { apiKey: api_key };
  return createOpenAICompatible({ name, baseURL: base_url, fetch, ...key, ...more });
};

/**
 * The library's model for one call. Each provider's package is loaded when it is first used, so that a cold start pays for one
 * of them only. Chat-completion endpoints are used throughout: they keep nothing at the provider.
 */
export const languageModel = async (
  model: Model,
  connection: ModelConnection,
  access: ProviderAccess,
): Promise<LanguageModel> => {
  const fetch = access.reach(access.fetch);
  const id = model.provider_model_id;
  switch (connection.provider) {
    case "amazon-bedrock":
      return (await bedrockProvider(access))(id);
    case "openai":
      return (await openaiProvider(connection, fetch)).chat(id);
    case "anthropic": {
      const { createAnthropic } = await import("./lazy/anthropic.ts");
      return createAnthropic(keyed(connection.api_key, connection.base_url, fetch))(id);
    }
    case "google": {
      const { createGoogleGenerativeAI } = await import("./lazy/google.ts");
      return createGoogleGenerativeAI(keyed(connection.api_key, connection.base_url, fetch))(id);
    }
    case "azure": {
      const { createAzure } = await import("./lazy/azure.ts");
      const { api_version: apiVersion, resource_name: resourceName } = connection;
      return createAzure({
        ...keyed(connection.api_key, connection.base_url, fetch),
        resourceName,
        ...(apiVersion === undefined ? {} : { apiVersion }),
      }).chat(connection.deployment ?? id);
    }
    case "openai_compatible": {
      const more = { includeUsage: true, supportsStructuredOutputs: model.supports.response_schema };
      return (await compatibleProvider(connection, fetch, more))(id);
    }
  }
};

/** The library's model for embeddings; undefined for a provider of which none is known. */
export const embeddingModel = async (
  { provider_model_id: id }: Model,
  connection: ModelConnection,
  access: ProviderAccess,
): Promise<EmbeddingModel | undefined> => {
  const fetch = access.reach(access.fetch);
  switch (connection.provider) {
    case "amazon-bedrock":
      return (await bedrockProvider(access)).embedding(id);
    case "openai":
      return (await openaiProvider(connection, fetch)).embedding(id);
    case "openai_compatible":
      return (await compatibleProvider(connection, fetch)).embeddingModel(id);
    default:
      return undefined;
  }
};
