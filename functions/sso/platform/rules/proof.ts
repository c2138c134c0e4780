import type { PlatformProvider } from "../../../../shared/identity/platform-providers.ts";
import { domainOf } from "../../../../shared/mail/address.ts";

/** What a provider that is everybody's says of an address. */
export interface Said {
  readonly email: string | null;
  /** The claim `email_verified`. */
  readonly email_verified: boolean;
  /** Of Google `hd`, of Microsoft `xms_edov`; undefined where it said none. */
  readonly proof: unknown;
}

/** Google hands out these addresses itself. */
const GOOGLE_MAIL: ReadonlySet<string> = new Set(["gmail.com", "googlemail.com"]);

const isTrue = (value: unknown): boolean => value === true || /^(?:true|1)$/i.test(String(value));

/**
 * Whether an address shows who somebody is. Anybody opens an account at these providers with anybody's address, so it does
 * only where the provider, or the company whose domain it is, has given it to them:
 *
 * - Google: it is verified, and Google's own, or of the domain (`hd`) for whose company the account is
 *   (developers.google.com/identity/gsi/web/guides/verify-google-id-token).
 * - Microsoft: the domain's owner has been verified (`xms_edov`). `email` by itself is what any tenant's administrator, and
 *   `preferred_username` what anybody, has written there
 *   (learn.microsoft.com/entra/identity-platform/migrate-off-email-claim-authorization).
 */
export function provesAddress(provider: PlatformProvider, { email, email_verified, proof }: Said): boolean {
  if (email === null) return false;
  if (provider === "microsoft") return isTrue(proof);
  const domain = domainOf(email);
  const company = typeof proof === "string" ? proof.trim().toLowerCase() : undefined;
  return email_verified && (GOOGLE_MAIL.has(domain) || company === domain);
}
