import type { wrapLanguageModel } from "ai";
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

/**
 * The library's model for one call. Each provider's package is loaded when it is first used, so that a cold start pays for one
 * of them only. Chat-completion endpoints are used throughout: they keep nothing at the provider.
 */
export const languageModel = async (
  model: Model,
  connection: ModelConnection,
  access: {
    fetch: typeof globalThis.fetch;
    bedrock: BedrockAccess;
    /** Wraps whichever way leads to the provider. */
    reach: (way: typeof globalThis.fetch) => typeof globalThis.fetch;
  },
): Promise<LanguageModel> => {
  const { bedrock } = access;
  const fetch = access.reach(access.fetch);
  const id = model.provider_model_id;
  switch (connection.provider) {
    case "amazon-bedrock": {
      const { createAmazonBedrock } = await import("./lazy/amazon-bedrock.ts");
      const { credentials, endpoint } = bedrock;
      return createAmazonBedrock({
        region: bedrock.region,
        fetch: access.reach(awsFetch),
        ...(endpoint === undefined ? {} : { baseURL: endpoint }),
        ...(credentials === undefined
          ? {}
          : {
              credentialProvider: async () => {
                const { accessKeyId, secretAccessKey, sessionToken } = await credentials();
                return { accessKeyId, secretAccessKey, ...(sessionToken === undefined ? {} : { sessionToken }) };
              },
            }),
      })(id);
    }
    case "openai": {
      const { createOpenAI } = await import("./lazy/openai.ts");
      return createOpenAI(keyed(connection.api_key, connection.base_url, fetch)).chat(id);
    }
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
      const { createOpenAICompatible } = await import("./lazy/openai-compatible.ts");
      return createOpenAICompatible({
        name: connection.name,
        baseURL: connection.base_url,
        fetch,
        includeUsage: true,
        supportsStructuredOutputs: model.supports.response_schema,
        ...(connection.api_key === undefined ? {} : { apiKey: connection.api_key }),
      })(id);
    }
  }
};
