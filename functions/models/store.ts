import * as z from "zod";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import { defineResource } from "../../shared/http/resource.ts";
import { isProviderName, providerSettingsSchema, providerToRead, type ResolvedModel, resolveWith } from "./model.ts";
import { providers } from "./rules/catalogue.ts";

/** A provider of the organization. A handful each, so they are listed from one partition. */
export const modelProviderItem = defineItem({
  type: "model_provider",
  summary: "A model provider as the organization has configured it, with its key encrypted.",
  schema: providerSettingsSchema.extend({
    organization_id: z.string(),
    /** The key, encrypted for this organization and this provider. */
    sealed_api_key: z.string().nullable(),
    created_at: z.string(),
    etag: z.string(),
  }),
  key: { pk: "MODEL_PROVIDERS", sk: "{name}" },
});
export type StoredProvider = ItemOf<typeof modelProviderItem>;

/** What a provider's key is bound to when it is encrypted. */
export const apiKeyContext = (tenant: string, provider: string) =>
  ({
    purpose: "model_keys",
    tenant,
    field: `model_provider.${provider}.api_key`,
  }) as const;

/**
 * What the organization has configured for the provider of a model, one read at most; undefined where the id names no
 * provider that there could be.
 */
export async function providerOf(
  table: TenantTable,
  model_id: string,
): Promise<{ readonly stored: StoredProvider | undefined } | undefined> {
  const name = providerToRead(model_id);
  if (name === undefined) return undefined;
  return { stored: name === "amazon-bedrock" ? undefined : await table.get(modelProviderItem, { name }) };
}

/** A model's id is its path. */
export const modelResource = defineResource({
  type: "model",
  path: ["model", "provider"],
  async read({ table, path, at }): Promise<ResolvedModel | undefined> {
    const id = `${path.provider}/${path.model}`;
    const provider = await providerOf(table, id);
    const found = provider === undefined ? undefined : resolveWith(id, provider.stored, at);
    return found?.model.id === id ? found : undefined;
  },
});

/** What is stored for a provider's name, if anything; whoever configures one need not find it. */
export const providerSlotResource = defineResource({
  type: "model_provider",
  path: ["provider"],
  read: async ({ table, path }) => ({ stored: await table.get(modelProviderItem, { name: path.provider }) }),
});

/** A provider that is stored, or known without settings. */
export const providerResource = defineResource({
  type: "model_provider",
  path: ["provider"],
  async read({ table, path }): Promise<{ readonly stored: StoredProvider | undefined } | undefined> {
    const name = String(path.provider);
    const stored = await table.get(modelProviderItem, { name });
    const known = name === "amazon-bedrock" || (isProviderName(name) && Object.hasOwn(providers, name));
    return stored === undefined && !known ? undefined : { stored };
  },
});

export const storedProviderResource = defineResource({
  type: "model_provider",
  path: ["provider"],
  item: modelProviderItem,
  key: ({ provider }) => ({ name: provider }),
});

export async function storedProviders(table: TenantTable): Promise<StoredProvider[]> {
  const providers: StoredProvider[] = [];
  for await (const provider of table.all(modelProviderItem, { of: {} })) providers.push(provider);
  return providers;
}
