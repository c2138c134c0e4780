import { isConfigured } from "../model.ts";
import type { ProviderView } from "../operations.ts";
import { providers } from "../rules/catalogue.ts";
import type { StoredProvider } from "../store.ts";
import { typeOfProvider } from "./rules.ts";

/** A provider as the API shows it: never its key, and those that need none as well. */
export function providerView(name: string, stored: StoredProvider | undefined): ProviderView {
  const type = name === "amazon-bedrock" ? name : typeOfProvider(name);
  const { display_name, credentials, required_settings } = providers[type];
  return {
    name,
    type,
    credentials,
    configured: isConfigured(type, stored),
    required_settings: [...required_settings],
    display_name: stored?.display_name ?? display_name,
    base_url: stored?.base_url ?? null,
    resource_name: stored?.resource_name ?? null,
    api_version: stored?.api_version ?? null,
    deployment: stored?.deployment ?? null,
    api_key_last4: stored?.api_key_last4 ?? null,
    models: stored?.models ?? [],
    updated_at: stored?.updated_at ?? null,
  };
}

/** The entity tag travels beside the view; it becomes the ETag header. */
export const withEtag = (view: ProviderView, stored: StoredProvider | undefined): ProviderView =>
  stored === undefined ? view : Object.assign(view, { etag: stored.etag });
