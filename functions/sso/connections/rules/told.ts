import { cutText } from "../../../../shared/text.ts";
import type { OidcProvider } from "../../model.ts";
import type { SamlProvider } from "../../saml/model.ts";

/** Of a fingerprint, as people compare them. */
const SHOWN = 16;

/** A provider's fields by name, and certificates by the beginnings of their fingerprints: what a change is told of. */
export function toldOf(provider: OidcProvider | SamlProvider): Record<string, unknown> {
  const flat = Object.entries(provider).map(([name, value]) => [`provider.${name}`, value]);
  if (provider.kind === "oidc") return Object.fromEntries(flat);
  const fingerprints = provider.certificates.map(({ fingerprint }) => cutText(fingerprint, SHOWN));
  const { "provider.metadata_read_at": _, "provider.metadata_problem": __, ...said } = Object.fromEntries(flat);
  return { ...said, "provider.certificates": fingerprints.join(", ") };
}
