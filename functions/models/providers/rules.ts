import * as z from "zod";
import type { Issue } from "../../../shared/errors.ts";
import { nameSchema } from "../../../shared/http/schemas.ts";
import { customModelSchema, isKeyedProvider, modelLimits } from "../model.ts";
import { type ProviderId, providers } from "../rules/catalogue.ts";

const azureName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9-]{0,62}[A-Za-z0-9]$/, "must be 2 to 64 letters, digits and dashes");

/** A provider's settings as they are stored. The key may be left out: the stored one is kept then. */
export const providerInput = z.strictObject({
  display_name: nameSchema.optional(),
  api_key: z
    .string()
    .min(1)
    .max(modelLimits.api_key)
    .regex(/^[\x21-\x7e]+$/, "must be printable ASCII without spaces")
    .nullable()
    .optional()
    .meta({ description: "Left out: the stored key is kept. null: it is removed." }),
  base_url: z.string().max(2_000).optional(),
  resource_name: azureName.optional(),
  api_version: z
    .string()
    .regex(/^[A-Za-z0-9.-]{1,40}$/)
    .optional(),
  deployment: z
    .string()
    .regex(/^[A-Za-z0-9._-]{1,64}$/)
    .optional(),
  models: z.array(customModelSchema).max(modelLimits.models_per_provider).optional(),
});
export type ProviderInput = z.output<typeof providerInput>;

/** What kind of provider a name configures: one of the catalogue's, or an OpenAI-compatible server of a name of its own. */
export const typeOfProvider = (name: string): ProviderId => (isKeyedProvider(name) ? name : "openai_compatible");

const AZURE_ONLY = ["resource_name", "api_version", "deployment"] as const;

/** Where a provider is reached: a key must not follow to another place without being given again. */
const place = (settings: {
  base_url?: string | null | undefined;
  resource_name?: string | null | undefined;
}): string =>
  settings.base_url == null ? `resource:${settings.resource_name ?? ""}` : (URL.parse(settings.base_url)?.origin ?? "");

/** What of the stored settings decides whether a stored key may be kept. */
interface StoredKey {
  readonly sealed_api_key: unknown;
  readonly base_url?: string | null | undefined;
  readonly resource_name?: string | null | undefined;
}

/** What is wrong with the settings of a provider beyond their shape. Pure; addresses are checked elsewhere. */
export function providerIssues(type: ProviderId, input: ProviderInput, stored: StoredKey | undefined): Issue[] {
  const issues: Issue[] = [];
  const refuse = (path: string, message: string) => issues.push({ path, message });
  for (const setting of providers[type].required_settings)
    if (input[setting] === undefined) refuse(setting, `is required for ${providers[type].display_name}`);
  if (type !== "azure") {
    for (const field of AZURE_ONLY) if (input[field] !== undefined) refuse(field, "is a setting of azure only");
  }
  if (type !== "openai_compatible") {
    if (input.models !== undefined) refuse("models", "can be listed only for a provider with a name of your own");
    const kept = input.api_key === undefined && stored?.sealed_api_key != null;
    if (!kept && input.api_key == null) refuse("api_key", "is required");
  }
  const names = (input.models ?? []).map(({ name }) => name);
  names.forEach((name, i) => {
    if (names.indexOf(name) !== i) refuse(`models.${i}.name`, "is listed more than once");
  });
  const keepsKey = input.api_key === undefined && stored?.sealed_api_key != null;
  if (keepsKey && place(stored) !== place(input))
    refuse("api_key", "must be given again when the address changes, so that a key is sent nowhere unintended");
  return issues;
}

/** Keys shorter than this show nothing of themselves. */
const SHOWN_FROM = 12;

export const lastFour = (key: string): string => (key.length >= SHOWN_FROM ? key.slice(-4).toWellFormed() : "");
