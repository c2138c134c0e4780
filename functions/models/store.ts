import * as z from "zod";
import { defineItem, type ItemOf } from "../../shared/dynamo/item.ts";
import type { TenantTable } from "../../shared/dynamo/table.ts";
import { providerSettingsSchema } from "./model.ts";

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
export const apiKeyContext = (tenant: string, provider: string) => ({
  tenant,
  field: `model_provider.${provider}.api_key`,
});

export async function storedProviders(table: TenantTable): Promise<StoredProvider[]> {
  const providers: StoredProvider[] = [];
  for await (const provider of table.all(modelProviderItem, { of: {} })) providers.push(provider);
  return providers;
}

export const namedProvidersItem = defineItem({
  type: "named_model_providers",
  summary: "How many providers with names of their own the organization has.",
  schema: z.object({ used: z.int() }),
  key: { pk: "", sk: "NAMED_MODEL_PROVIDERS" },
});
