import { timestamp } from "../../../shared/clock.ts";
import type { Circuit } from "../circuits/rules/circuit.ts";
import { isConfigured } from "../model.ts";
import type { ProviderView } from "../operations.ts";
import { providers } from "../rules/catalogue.ts";
import type { StoredProvider } from "../store.ts";
import { typeOfProvider } from "./rules.ts";

/** A provider as the API shows it: never its key, and those that need none as well. */
export function providerView(
  name: string,
  stored: StoredProvider | undefined,
  circuit: Circuit | undefined,
  at: Date,
): ProviderView {
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
    circuit: circuitView(circuit, at),
  };
}

function circuitView(circuit: Circuit | undefined, at: Date): ProviderView["circuit"] {
  if (circuit === undefined)
    return { state: "closed", since: null, retry_at: null, recent_failures: 0, last_error: null };
  const { state, since, retry_at, failures, window_ends_at, last_error } = circuit;
  const over = state === "closed" && window_ends_at < timestamp(at);
  return { state, since, retry_at, recent_failures: over ? 0 : failures, last_error };
}

/** The entity tag travels beside the view; it becomes the ETag header. */
export const withEtag = (view: ProviderView, stored: StoredProvider | undefined): ProviderView =>
  stored === undefined ? view : Object.assign(view, { etag: stored.etag });
