import { emailSchema } from "../../../../shared/http/schemas.ts";
import { POOL_ATTRIBUTES } from "../../../../shared/identity/pool-providers.ts";
import { cutText } from "../../../../shared/text.ts";
import type { Profile, ProviderKind } from "../../model.ts";

const text = (value: unknown): string | undefined =>
  typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;

/**
 * The person that the pool's id token tells of.
 * @param provider_name the connection's provider at the pool: its accounts are named `<provider>_<subject>`
 * @returns undefined for a token of another provider, or of none
 */
export function profileOf(
  claims: Readonly<Record<string, unknown>>,
  provider_name: string,
  kind: ProviderKind,
): Profile | undefined {
  const { sub, "cognito:username": username } = claims;
  if (typeof sub !== "string" || typeof username !== "string") return undefined;
  const prefix = `${provider_name}_`;
  if (!username.startsWith(prefix) || username.length === prefix.length) return undefined;
  // As everywhere an address is taken: otherwise one person could have two accounts.
  const email = emailSchema.safeParse(claims[POOL_ATTRIBUTES.email]).data ?? null;
  const verified = claims[POOL_ATTRIBUTES.email_verified];
  return {
    subject: username.slice(prefix.length),
    sub,
    email,
    email_verified: verified === true || String(verified).toLowerCase() === "true",
    name: cutText(text(claims[POOL_ATTRIBUTES.name]) ?? email ?? "", 120),
    groups: groupsOf(text(claims[POOL_ATTRIBUTES.groups]), kind),
  };
}

/**
 * The groups in an attribute of the pool, which is one text: several values stand in brackets with commas between them;
 * those of SAML are encoded as in a form, where they have other signs than letters and digits.
 */
export function groupsOf(value: string | undefined, kind: ProviderKind): string[] | null {
  if (value === undefined) return null;
  if (!value.startsWith("[") || !value.endsWith("]")) return [value];
  try {
    const parsed: unknown = JSON.parse(value);
    if (Array.isArray(parsed)) return parsed.filter((one) => typeof one === "string");
  } catch {
    // Brackets around plain words.
  }
  const parts = value.slice(1, -1).split(",");
  const groups = parts.map((part) => (kind === "saml" ? decoded(part.trim()) : part.trim()));
  return groups.filter((group) => group !== "");
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part.replaceAll("+", " "));
  } catch {
    return part;
  }
}
